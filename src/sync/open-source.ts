import { HawserError } from '../errors/hawser-error.ts';
import type { Commit, GitRemote } from '../git/create-git-client.ts';
import { parseDuration } from '../model/duration.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { hasCredentials } from '../model/repository-url.ts';
import { formatRevision, parseRevision } from '../model/revision.ts';
import type { SyncRun } from '../queue/sync-run.ts';
import type { SyncDeps } from './deps.ts';
import { branchOf, currentOf, memoryOf } from './source-memory.ts';

/** A source at one revision, its objects at hand. */
export interface OpenSource {
  readonly source: GitRepository;
  readonly revision: string;
  readonly commit: Commit;
}

const DEFAULT_TIMEOUT_MS = 60_000;

export function uidOf(source: GitRepository): string {
  return source.metadata.uid ?? '';
}

/** How to reach a source's remote, credentials included; throws if its URL shows credentials or its secret is bad. */
export async function toRemote(deps: SyncDeps, source: GitRepository): Promise<GitRemote> {
  const { url, secretRef, timeout } = source.spec;
  if (hasCredentials(url)) {
    throw new HawserError(
      'SOURCE_URL_INVALID',
      `spec.url of GitRepository/${source.metadata.namespace}/${source.metadata.name} holds a user name or password: put them into a Secret, name it in spec.secretRef, and remove them from the URL`,
    );
  }
  const namespace = source.metadata.namespace ?? '';
  const credentials = await deps.credentials.forGitRepository({ namespace, secretRef });
  return { url, credentials, timeoutMs: parseDuration(timeout) ?? DEFAULT_TIMEOUT_MS };
}

/** What the remote says its branch names now; undefined if it has no such branch. */
export async function readTip(
  deps: SyncDeps,
  target: { source: GitRepository; remote: GitRemote },
  signal: AbortSignal,
): Promise<string | undefined> {
  const ref = `refs/heads/${branchOf(target.source)}`;
  const refs = await deps.git.listRefs(target.remote, [ref], signal);
  return refs.find(({ name }) => name === ref)?.sha;
}

/**
 * Opens a Kustomization's source at the revision that this process knows. When the request heard of another one, the
 * remote itself is asked before either is used (DESIGN 4). Undefined: there is no revision yet.
 */
export async function openSource(
  deps: SyncDeps,
  kustomization: Kustomization,
  run: Pick<SyncRun, 'pending' | 'signal'>,
): Promise<OpenSource | undefined> {
  const source = findSource(deps, kustomization);
  const known = currentOf(memoryOf(deps.memories, uidOf(source)), source);
  const heard = parseRevision(run.pending.revision)?.sha;
  if (known === undefined && heard === undefined) return undefined;

  const remote = await toRemote(deps, source);
  const isCertain = known !== undefined && (heard === undefined || heard === known);
  const sha = isCertain ? known : await readTip(deps, { source, remote }, run.signal);
  if (sha === undefined) return undefined;
  await deps.git.ensure({ sourceUid: uidOf(source), remote, sha, have: known }, run.signal);
  const commit = await deps.git.open(uidOf(source), sha);
  return { source, revision: formatRevision({ branch: branchOf(source), sha }), commit };
}

function findSource(deps: SyncDeps, { metadata, spec }: Kustomization): GitRepository {
  const namespace = spec.sourceRef.namespace ?? metadata.namespace ?? '';
  const source = deps.resources.gitRepository({ namespace, name: spec.sourceRef.name });
  if (source) return source;
  throw new HawserError(
    'SOURCE_NOT_FOUND',
    `GitRepository.source.toolkit.fluxcd.io "${spec.sourceRef.name}" not found`,
    { data: { namespace } },
  );
}
