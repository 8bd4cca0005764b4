import { isDeepStrictEqual } from 'node:util';
import { createIgnore } from '../git/create-ignore.ts';
import type { GitRepository, GitRepositoryStatus } from '../model/git-repository.ts';
import { formatRevision, type Revision } from '../model/revision.ts';
import type { SyncRun } from '../queue/sync-run.ts';
import type { SyncDeps } from './deps.ts';
import type { OpenRevision } from './open-revision.ts';
import { isSameSourceStatus } from './same-source-status.ts';
import { toObservedContent, toSourceStatus } from './source-status.ts';
import { readAgain, writeStatus } from './write-status.ts';

interface Publication {
  readonly source: GitRepository;
  readonly tip: Revision;
  readonly opened: OpenRevision;
  readonly run: SyncRun;
  /** True where the source has just come to this tip: a status that says so already may be a late watch's. */
  readonly isMoved: boolean;
}

const LONGEST_SUBJECT = 50;

/** Makes the artifact of a revision and says so in status and event; does nothing where all of that stands already. */
export async function publishArtifact(deps: SyncDeps, publication: Publication): Promise<void> {
  const { tip, opened, run } = publication;
  const revision = formatRevision(tip);
  const source = await readSource(deps, publication, revision);
  const known = source.status?.artifact;
  const { commit, included, verified } = opened;
  const toStatusWith = (artifact: Artifact) => (resource: GitRepository) =>
    toSourceStatus(resource, { kind: 'stored', artifact, spec: source.spec, included, verified }, deps.now());
  const isCurrent = known?.revision === revision && !hasOtherContent(source, opened);
  const isStored = isCurrent && (await isServed(deps, known.path));
  if (isStored && isSameSourceStatus(source.status, toStatusWith(known)(source))) return;

  const artifact = isStored ? known : await store(deps, { source, opened, revision });
  const written = await writeStatus(deps, { resource: source, toStatus: toStatusWith(artifact) }, run);
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

async function readSource(deps: SyncDeps, publication: Publication, revision: string): Promise<GitRepository> {
  const { source, run, isMoved } = publication;
  if (!isMoved || source.status?.artifact?.revision !== revision) return source;
  return (await readAgain(deps, source, run)) ?? source;
}

/** True if the artifact was made otherwise than the spec says now, or of other included ones. */
export function hasOtherContent(
  { spec, status }: GitRepository,
  { included }: Pick<OpenRevision, 'included'>,
): boolean {
  if (!status?.artifact) return false;
  const wanted = toObservedContent(spec);
  const { observedIgnore, observedInclude, observedSparseCheckout, observedRecurseSubmodules } = status;
  const made = {
    observedIgnore,
    observedInclude,
    observedSparseCheckout,
    observedRecurseSubmodules: observedRecurseSubmodules || undefined,
  };
  return (
    !isDeepStrictEqual(made, wanted) || !isDeepStrictEqual(contentsOf(status.includedArtifacts), contentsOf(included))
  );
}

function contentsOf(artifacts: readonly Artifact[] = []) {
  return artifacts.map(({ revision, digest }) => ({ revision, digest }));
}

type Artifact = NonNullable<GitRepositoryStatus['artifact']>;

async function store(
  deps: SyncDeps,
  { source, opened, revision }: { source: GitRepository; opened: OpenRevision; revision: string },
): Promise<Artifact> {
  const { name, namespace = '' } = source.metadata;
  const { commit, tree } = opened;
  const ignore = await createIgnore(tree, source.spec.ignore);
  const stored = await deps.artifacts.write({ namespace, name, sha: commit.sha, tree, ignored: ignore.ignores });
  return { ...stored, revision };
}

async function isServed(deps: SyncDeps, path: string): Promise<boolean> {
  const open = await deps.artifacts.open(path);
  open?.stream.destroy();
  return open !== undefined;
}

/** The first line of a commit's message, shortened as Flux does. */
function subjectOf(message: string): string {
  const subject = message.split('\n', 1)[0] ?? '';
  return subject.length > LONGEST_SUBJECT ? `${subject.slice(0, LONGEST_SUBJECT - 3)}...` : subject;
}
