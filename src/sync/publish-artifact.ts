import type { Commit } from '../git/create-git-client.ts';
import { createIgnore } from '../git/create-ignore.ts';
import { findCondition } from '../model/conditions.ts';
import type { GitRepository, GitRepositoryStatus } from '../model/git-repository.ts';
import { REQUESTED_AT } from '../model/request-annotation.ts';
import { formatRevision, type Revision } from '../model/revision.ts';
import type { SyncRun } from '../queue/sync-run.ts';
import type { SyncDeps } from './deps.ts';
import { uidOf } from './open-source.ts';
import { toSourceStatus } from './source-status.ts';
import { writeStatus } from './write-status.ts';

interface Publication {
  readonly source: GitRepository;
  readonly tip: Revision;
  readonly run: SyncRun;
}

const LONGEST_SUBJECT = 50;

/** Makes the artifact of a revision and says so in status and event; does nothing where all of that stands already. */
export async function publishArtifact(deps: SyncDeps, { source, tip, run }: Publication): Promise<void> {
  const revision = formatRevision(tip);
  const known = source.status?.artifact;
  const isCurrent = known?.revision === revision && !hasNewIgnoreRules(source);
  const isStored = isCurrent && (await isServed(deps, known.path));
  if (isStored && isReady(source) && !isAskedFor(source)) return;

  const commit = await deps.git.open(uidOf(source), tip.sha);
  const artifact = isStored ? known : await store(deps, { source, commit, revision });
  const { ignore } = source.spec;
  const toStatus = (resource: GitRepository) =>
    toSourceStatus(resource, { kind: 'stored', artifact, ignore }, deps.now());
  const written = await writeStatus(deps, { resource: source, toStatus }, run);
  if (known?.revision !== revision || known.digest !== artifact.digest) {
    deps.sourceEvents.record({
      regarding: written,
      type: 'Normal',
      reason: 'NewArtifact',
      message: `stored artifact for commit '${subjectOf(commit.message)}'`,
      annotations: {
        'source.toolkit.fluxcd.io/revision': revision,
        'source.toolkit.fluxcd.io/digest': artifact.digest ?? '',
      },
    });
  }
  const { name, namespace = '' } = source.metadata;
  await deps.artifacts.collect(namespace, name, [artifact.path]);
}

/** True if the artifact was made with another `spec.ignore` than there is now. */
export function hasNewIgnoreRules({ spec, status }: GitRepository): boolean {
  return status?.artifact !== undefined && spec.ignore !== status.observedIgnore;
}

type Artifact = NonNullable<GitRepositoryStatus['artifact']>;

async function store(
  deps: SyncDeps,
  { source, commit, revision }: { source: GitRepository; commit: Commit; revision: string },
): Promise<Artifact> {
  const { name, namespace = '' } = source.metadata;
  const { sha, tree } = commit;
  const ignore = await createIgnore(tree, source.spec.ignore);
  const stored = await deps.artifacts.write({ namespace, name, sha, tree, ignored: ignore.ignores });
  return { ...stored, revision };
}

async function isServed(deps: SyncDeps, path: string): Promise<boolean> {
  const open = await deps.artifacts.open(path);
  open?.stream.destroy();
  return open !== undefined;
}

function isReady(source: GitRepository): boolean {
  const ready = findCondition(source.status?.conditions, 'Ready');
  return ready?.status === 'True' && source.status?.observedGeneration === source.metadata.generation;
}

function isAskedFor(source: GitRepository): boolean {
  const asked = source.metadata.annotations?.[REQUESTED_AT];
  return asked !== undefined && asked !== source.status?.lastHandledReconcileAt;
}

/** The first line of a commit's message, shortened as Flux does. */
function subjectOf(message: string): string {
  const subject = message.split('\n', 1)[0] ?? '';
  return subject.length > LONGEST_SUBJECT ? `${subject.slice(0, LONGEST_SUBJECT - 3)}...` : subject;
}
