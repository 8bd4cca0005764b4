import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { createIgnore, type IgnoreRules } from '../git/create-ignore.ts';
import { KubeError } from '../kube/to-kube-error.ts';
import { ARTIFACT_KINDS, parseArtifactSource } from '../model/artifact-source.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { KubeObject } from '../model/kube-object.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { sourceOf } from '../model/kustomization-source.ts';
import { formatRevision, parseRevision } from '../model/revision.ts';
import type { Tree } from '../model/tree.ts';
import type { SyncRun } from '../queue/sync-run.ts';
import { chooseRevision, type Unsettled } from './choose-revision.ts';
import type { SyncDeps } from './deps.ts';
import { openRevision } from './open-revision.ts';
import type { ResourceName } from './resources.ts';
import { toRemote } from './to-remote.ts';

/** A source at one revision, its files at hand. */
export interface OpenSource {
  readonly revision: string;
  readonly tree: Tree;
  /** Which files are left out; undefined where the artifact's maker has left them out already. */
  readonly ignore: IgnoreRules | undefined;
  /** Where the source is a Git repository. */
  readonly git: { readonly source: GitRepository; readonly sha: string } | undefined;
  /** Revision of what the artifact was made from, where its maker says so. */
  readonly originRevision: string | undefined;
}

/** Opens a Kustomization's source at the revision that it is to have now. Undefined: there is none yet. */
export async function openSource(
  deps: SyncDeps,
  kustomization: Kustomization,
  run: Pick<SyncRun, 'pending' | 'refresh' | 'signal'>,
): Promise<OpenSource | Unsettled | undefined> {
  refuseOtherNamespaces(deps, kustomization);
  const { kind } = sourceOf(kustomization);
  if (kind !== 'GitRepository') return await openArtifactSource(deps, kustomization, run.signal);
  const source = deps.resources.gitRepository(sourceOf(kustomization)) ?? refuseMissing(kustomization);
  const choice = await chooseRevision(deps, { kustomization, source }, run);
  if (choice.kind === 'unsettled') return choice;
  const { tip } = choice;
  if (tip === undefined) return undefined;
  const remote = await toRemote(deps, source);
  const have = parseRevision(kustomization.status?.lastAppliedRevision)?.sha;
  const { tree } = await openRevision(deps, { source, remote, tip, have }, run.signal);
  const ignore = await createIgnore(tree, source.spec.ignore);
  return { revision: formatRevision(tip), tree, ignore, git: { source, sha: tip.sha }, originRevision: undefined };
}

/** Another controller keeps these: what it has published is what there is. */
async function openArtifactSource(
  deps: SyncDeps,
  kustomization: Kustomization,
  signal: AbortSignal,
): Promise<OpenSource | undefined> {
  const { kind, ...name } = sourceOf(kustomization);
  const known = deps.resources.artifactSource(kind, name) ?? (await readArtifactSource(deps, { kind, name }, signal));
  const { artifact } = parseArtifactSource(known ?? refuseMissing(kustomization)).status ?? {};
  if (!artifact) return undefined;
  const tree = await deps.artifactReader.open({ ...artifact, digest: artifact.digest ?? '' }, signal);
  const originRevision = artifact.metadata?.['org.opencontainers.image.revision'];
  return { revision: artifact.revision, tree, ignore: undefined, git: undefined, originRevision };
}

/** What is not followed yet, because Hawser has just started or the kind was not served then, is read before it counts as missing. */
async function readArtifactSource(
  deps: SyncDeps,
  { kind, name }: { kind: string; name: ResourceName },
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  const resource = ARTIFACT_KINDS.find((candidate) => candidate.kind === kind);
  if (!resource) return undefined;
  try {
    return await deps.client.get({ ...resource, ...name }, { signal, urgent: true });
  } catch (error) {
    if (!(error instanceof KubeError) || error.code !== 'KUBE_KIND_NOT_SERVED') throw error;
    throw notServed(error);
  }
}

function notServed(cause: unknown): HawserError {
  return new HawserError('SOURCE_NOT_FOUND', messageOf(cause), { cause });
}

function refuseOtherNamespaces(deps: SyncDeps, kustomization: Kustomization): void {
  const { kind, namespace, name } = sourceOf(kustomization);
  if (deps.policy.allowCrossNamespaceRefs || namespace === kustomization.metadata.namespace) return;
  throw new HawserError(
    'SOURCE_ACCESS_DENIED',
    `can't access '${kind}/${namespace}/${name}', cross-namespace references have been blocked`,
  );
}

function refuseMissing(kustomization: Kustomization): never {
  const { kind, namespace, name } = sourceOf(kustomization);
  throw new HawserError('SOURCE_NOT_FOUND', `${kind}.source.toolkit.fluxcd.io "${name}" not found`, {
    data: { namespace },
  });
}
