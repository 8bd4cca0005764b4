import { HawserError } from '../errors/hawser-error.ts';
import { readSecretData } from '../kube/read-secret-data.ts';
import { TAGS } from '../model/followed-reference.ts';
import type { GitRepository } from '../model/git-repository.ts';
import { readTrustedKeys } from '../verification/trusted-keys.ts';
import { modeOf, verifyRevision } from '../verification/verify-revision.ts';
import type { SyncDeps } from './deps.ts';
import { uidOf } from './source-memory.ts';
import type { Tip } from './tip.ts';

/** Undefined if nothing is demanded. */
function verificationModeOf({ spec }: Pick<GitRepository, 'spec'>) {
  return spec.verify && modeOf(spec.verify.mode);
}

/** True if the tag object that was followed must be known, and not only the commit behind it. */
export function demandsTag(source: Pick<GitRepository, 'spec'>): boolean {
  return (verificationModeOf(source) ?? 'HEAD') !== 'HEAD';
}

/** The tag object to fetch beside a commit; undefined if nothing asks for it. */
export function tagToFetch(source: GitRepository, { object, sha }: Pick<Tip, 'object' | 'sha'>): string | undefined {
  return demandsTag(source) && object !== sha ? object : undefined;
}

/**
 * Checks the signatures that `spec.verify` demands of a stored commit, with the keys as the Secret holds them now; tells
 * who signed, or undefined where nothing is demanded. Throws SIGNATURE_INVALID, VERIFICATION_MODE_INVALID,
 * VERIFICATION_KEYS_INVALID.
 */
export async function verifySource(
  deps: Pick<SyncDeps, 'client' | 'git'>,
  source: GitRepository,
  tip: Tip,
): Promise<string | undefined> {
  const { verify } = source.spec;
  if (!verify) return undefined;
  const keys = await readKeys(deps, source.metadata.namespace ?? '', verify.secretRef.name);
  const commit = await deps.git.readObject(uidOf(source), tip.sha);
  return await verifyRevision({ mode: modeOf(verify.mode), keys, commit, tag: await readTag(deps, source, tip) });
}

async function readTag(deps: Pick<SyncDeps, 'git'>, source: GitRepository, tip: Tip) {
  if (!demandsTag(source) || !tip.fullRef?.startsWith(TAGS)) return undefined;
  const { id, type, data } = await deps.git.readObject(uidOf(source), tip.object);
  return { id, data, isTag: type === 'tag', name: tip.fullRef.slice(TAGS.length) };
}

async function readKeys(deps: Pick<SyncDeps, 'client'>, namespace: string, name: string) {
  const data = await readSecretData(deps.client, namespace, name);
  if (data) return await readTrustedKeys(data, `Secret/${namespace}/${name}`);
  throw new HawserError(
    'VERIFICATION_KEYS_INVALID',
    `PGP public keys secret error: secrets "${name}" not found: create it in the namespace '${namespace}', or correct spec.verify.secretRef`,
  );
}
