import { createDecryptor, type Decryptor } from '../decryption/create-decryptor.ts';
import { readDecryptionKeys } from '../decryption/decryption-keys.ts';
import { requireDecrypted } from '../decryption/require-decrypted.ts';
import { HawserError } from '../errors/hawser-error.ts';
import { digestOf } from '../manifest/canonical-json.ts';
import { substituteVariables } from '../manifest/substitute-variables.ts';
import type { Kustomization } from '../model/kustomization.ts';
import type { Rendered, RenderRequest } from '../render/render-request.ts';
import type { SyncDeps } from './deps.ts';
import { loadVariables } from './load-variables.ts';
import type { OpenSource } from './open-source.ts';

interface RenderInput {
  readonly kustomization: Kustomization;
  readonly source: OpenSource;
  readonly signal: AbortSignal;
}

/** Builds a Kustomization's objects: its path of the source, with everything that its spec does to them before they are applied. */
export async function renderObjects(deps: SyncDeps, input: RenderInput): Promise<Rendered> {
  const { kustomization, source, signal } = input;
  const { path, targetNamespace } = kustomization.spec;
  const [decryptor, substitute] = await Promise.all([
    openDecryptor(deps, kustomization, signal),
    openSubstitution(deps, kustomization, signal),
  ]);
  const request: RenderRequest = {
    path: path ?? './',
    targetNamespace,
    overlay: kustomization.spec,
    ...(source.ignore ? { ignored: source.ignore.ignores, ignoredId: source.ignore.id } : {}),
    ...(decryptor ? { decryptor } : {}),
    ...(substitute ? { substitute } : {}),
  };
  const rendered = await deps.renderer.render(source.tree, request, signal);
  requireDecrypted(rendered.objects);
  return rendered;
}

async function openDecryptor(
  deps: SyncDeps,
  { metadata, spec }: Kustomization,
  signal: AbortSignal,
): Promise<Decryptor | undefined> {
  if (!spec.decryption) return undefined;
  const { secretRef } = spec.decryption;
  if (!secretRef) return createDecryptor(readDecryptionKeys({}, ''));
  const { namespace = '' } = metadata;
  const ref = { group: '', version: 'v1', kind: 'Secret', namespace, name: secretRef.name };
  const secret = await deps.client.get(ref, { signal, urgent: true });
  if (!secret) {
    throw new HawserError(
      'DECRYPTION_KEYS_UNAVAILABLE',
      `cannot get decryption Secret '${namespace}/${secretRef.name}': secrets "${secretRef.name}" not found: create it, or correct spec.decryption.secretRef`,
    );
  }
  return createDecryptor(readDecryptionKeys((secret.data ?? {}) as Record<string, string>, secretRef.name));
}

/** As Flux: nothing is substituted without a variable, unless the strategy says Always. */
async function openSubstitution(
  deps: SyncDeps,
  kustomization: Kustomization,
  signal: AbortSignal,
): Promise<RenderRequest['substitute']> {
  const { postBuild } = kustomization.spec;
  if (!postBuild) return undefined;
  const variables = await loadVariables(deps.client, kustomization, signal);
  if (Object.keys(variables).length === 0 && postBuild.substituteStrategy !== 'Always') return undefined;
  const strict = deps.policy.strictSubstitution;
  return {
    id: digestOf([variables, strict]),
    apply: (object) => substituteVariables(object, { variables, strict }),
  };
}
