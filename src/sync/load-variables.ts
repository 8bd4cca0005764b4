import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { rememberSecretValue } from '../errors/redact.ts';
import type { KubeClient } from '../kube/kube-client.ts';
import { isVariableName } from '../manifest/substitute-variables.ts';
import type { Kustomization } from '../model/kustomization.ts';

/**
 * The variables of `spec.postBuild`: what is written there wins over what its ConfigMaps and Secrets hold, of which
 * later ones win. Throws VARIABLES_UNAVAILABLE, VARIABLES_INVALID.
 */
export async function loadVariables(
  client: Pick<KubeClient, 'get'>,
  { metadata, spec }: Kustomization,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const { substitute = {}, substituteFrom = [] } = spec.postBuild ?? {};
  const namespace = metadata.namespace ?? '';
  const loaded = await Promise.all(
    substituteFrom.map(({ kind, name, optional }) => load(client, { kind, name, namespace, optional }, signal)),
  );
  const variables = Object.assign({}, ...loaded, substitute) as Record<string, string>;
  const bad = Object.keys(variables).find((name) => !isVariableName(name));
  if (bad !== undefined) {
    throw new HawserError(
      'VARIABLES_INVALID',
      `post build failed: '${bad}' is not a name of a variable: use letters, digits and underscores, and no digit first`,
    );
  }
  return variables;
}

interface VariableSource {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  readonly namespace: string;
  readonly optional: boolean | undefined;
}

async function load(
  client: Pick<KubeClient, 'get'>,
  { kind, name, namespace, optional }: VariableSource,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const found = await client
    .get({ group: '', version: 'v1', kind, namespace, name }, { signal, urgent: true })
    .catch((error: unknown) => {
      signal.throwIfAborted();
      throw unavailable({ kind, name, why: messageOf(error), cause: error });
    });
  if (!found && optional) return {};
  if (!found) throw unavailable({ kind, name, why: `${kind.toLowerCase()}s "${name}" not found` });
  const data = (found.data ?? {}) as Record<string, string>;
  if (kind === 'ConfigMap') return data;
  const values = Object.entries(data).map(
    ([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')] as const,
  );
  // They may come back in what the API server says of the objects that they end up in.
  for (const [, value] of values) rememberSecretValue(value);
  return Object.fromEntries(values);
}

function unavailable({ kind, name, why, cause }: { kind: string; name: string; why: string; cause?: unknown }) {
  return new HawserError(
    'VARIABLES_UNAVAILABLE',
    `post build failed: substitute from '${kind}/${name}' error: ${why}`,
    {
      cause,
    },
  );
}
