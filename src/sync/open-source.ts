import { HawserError, messageOf } from '../errors/hawser-error.ts';
import type { GitRemote } from '../git/create-git-client.ts';
import { createIgnore, type IgnoreRules } from '../git/create-ignore.ts';
import { KubeError } from '../kube/to-kube-error.ts';
import { ARTIFACT_KINDS, parseArtifactSource } from '../model/artifact-source.ts';
import { parseDuration } from '../model/duration.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { KubeObject } from '../model/kube-object.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { sourceOf } from '../model/kustomization-source.ts';
import { hasCredentials } from '../model/repository-url.ts';
import { formatRevision, parseRevision, type Revision } from '../model/revision.ts';
import type { Tree } from '../model/tree.ts';
import type { SyncRun } from '../queue/sync-run.ts';
import { askRemote } from './ask-remote.ts';
import type { SyncDeps } from './deps.ts';
import { openRevision } from './open-revision.ts';
import type { ResourceName } from './resources.ts';
import { deployedOf, memoryOf, type SourceMemory, uidOf } from './source-memory.ts';
import type { Tip } from './tip.ts';
import { demandsTag } from './verify-source.ts';

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

const DEFAULT_TIMEOUT_MS = 60_000;

/** How to reach a source's remote, credentials included; throws if its URL shows credentials or its secret is bad. */
export async function toRemote(deps: SyncDeps, source: GitRepository): Promise<GitRemote> {
  const { url, secretRef, proxySecretRef, provider, serviceAccountName, timeout } = source.spec;
  if (hasCredentials(url)) {
    throw new HawserError(
      'SOURCE_URL_INVALID',
      `spec.url of GitRepository/${source.metadata.namespace}/${source.metadata.name} holds a user name or password: put them into a Secret, name it in spec.secretRef, and remove them from the URL`,
    );
  }
  const namespace = source.metadata.namespace ?? '';
  const wanted = { namespace, secretRef, proxySecretRef, provider, serviceAccountName, url };
  const credentials = await deps.credentials.forGitRepository(wanted);
  return { url, credentials, timeoutMs: parseDuration(timeout) ?? DEFAULT_TIMEOUT_MS };
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
  refuseOtherNamespaces(deps, kustomization);
  const { kind } = sourceOf(kustomization);
  if (kind !== 'GitRepository') return await openArtifactSource(deps, kustomization, run.signal);
  const source = deps.resources.gitRepository(sourceOf(kustomization)) ?? refuseMissing(kustomization);
  const memory = memoryOf(deps.memories, uidOf(source));
  const known = deployedOf(memory, source);
  const heard = parseRevision(run.pending.revision);
  if (known === undefined && heard === undefined) return undefined;

  const remote = await toRemote(deps, source);
  const isCertain = known !== undefined && (heard === undefined || isSame(heard, known));
  const certain = isCertain ? toKnownTip(source, memory, known) : undefined;
  const asked = certain ? undefined : (await askRemote(deps, { source, remote }, run.signal)).tip;
  const tip = certain ?? asked ?? (known && toTip(known));
  if (tip === undefined) return undefined;
  const { tree } = await openRevision(deps, { source, remote, tip, have: known?.sha }, run.signal);
  const ignore = await createIgnore(tree, source.spec.ignore);
  return { revision: formatRevision(tip), tree, ignore, git: { source, sha: tip.sha }, originRevision: undefined };
}

/** A revision that is known needs no question, unless a tag must be verified whose object nobody here remembers. */
function toKnownTip(source: GitRepository, { tip }: SourceMemory, known: Revision): Tip | undefined {
  if (tip && isSame(tip, known)) return tip;
  return demandsTag(source) ? undefined : toTip(known);
}

function toTip({ ref, sha }: Revision): Tip {
  return { ref, sha, fullRef: undefined, object: sha };
}

function isSame(a: Revision, b: Revision): boolean {
  return a.ref === b.ref && a.sha === b.sha;
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
