import { computeHealth } from '../src/health/compute-health.ts';
import type { KubeObject } from '../src/model/kube-object.ts';
import type { RecordedStatus } from '../test/support/start-provider-api.ts';
import { inTime, type Moment } from './follow-cluster.ts';
import { formatMs } from './screen.ts';
import { APP, type Stage } from './start-stage.ts';

/** What a step of the story works with: the stage, and what earlier steps left. */
export interface Scene extends Stage {
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  /** The commit whose webhook was sent last, and when. */
  lastPush: { readonly sha: string; readonly sentAt: Moment } | undefined;
}

/** One thing that a step waits for. */
export interface Expectation {
  /** For the table at the end. */
  readonly label: string;
  /** For the screen. */
  readonly text: string;
  readonly at: Promise<Moment>;
}

/** How long each thing took, in words for the table at the end. */
export type Times = string;

/** Shows each expected thing when it has happened, in whatever order that is; throws the first that did not in its time. */
export async function showMoments(scene: Scene, since: Moment, expected: readonly Expectation[]): Promise<Times> {
  const times = expected.map(async ({ label, text, at }) => {
    const ms = (await at) - since;
    scene.screen.moment(ms, text);
    return { label, ms };
  });
  const results = await Promise.allSettled(times);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  const done = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  return done
    .sort((a, b) => a.ms - b.ms)
    .map(({ label, ms }) => `${label} ${formatMs(ms)}`)
    .join(', ');
}

/** The Deployment in the cluster asks for this image. */
export function applied(scene: Scene, image: string, since: Moment): Expectation {
  const text = `applied: the Deployment asks for ${image}`;
  return { label: 'applied', text, at: scene.cluster.seen(text, (object) => isDeploymentOf(object, image), since) };
}

/** All Pods of the Deployment run this image. */
export function rolledOut(scene: Scene, image: string, since: Moment): Expectation {
  const text = 'rolled out: every Pod runs it and is ready';
  const fits = (object: KubeObject) => isDeploymentOf(object, image) && computeHealth(object).status === 'Current';
  return { label: 'rolled out', text, at: scene.cluster.seen(text, fits, since) };
}

/** The Kustomization says that it has applied this commit. */
export function ready(scene: Scene, sha: string, since: Moment): Expectation {
  const text = `Kustomization is Ready: Applied revision: main@sha1:${sha.slice(0, 8)}…`;
  const fits = (object: KubeObject) => {
    if (object.kind !== 'Kustomization' || object.metadata.name !== APP) return false;
    const { lastAppliedRevision, conditions = [] } = (object.status ?? {}) as KustomizationStatus;
    const isReady = conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
    return isReady && lastAppliedRevision === `main@sha1:${sha}`;
  };
  return { label: 'Ready', text, at: scene.cluster.seen(text, fits, since) };
}

/** The GitRepository says that it has stored this commit; that is off the way of the push, and may come last. */
export function stored(scene: Scene, sha: string, since: Moment): Expectation {
  const text = 'GitRepository is Ready: its artifact is stored';
  const fits = (object: KubeObject) => {
    if (object.kind !== 'GitRepository' || object.metadata.name !== APP) return false;
    const { artifact } = (object.status ?? {}) as { artifact?: { revision?: string } };
    return artifact?.revision === `main@sha1:${sha}`;
  };
  return { label: 'stored', text, at: scene.cluster.seen(text, fits, since) };
}

/** GitHub was told that this commit is deployed; the time is that of the request's arrival there. */
export function reported(scene: Scene, sha: string, since: Moment): Expectation {
  const text = 'commit status at GitHub: success';
  return { label: 'reported', text, at: seenAtGitHub(scene, text, { sha, since }) };
}

async function seenAtGitHub(
  { github, patienceMs, signal }: Scene,
  text: string,
  { sha, since }: { sha: string; since: Moment },
): Promise<Moment> {
  const isIt = (status: RecordedStatus) =>
    status.sha === sha && status.state === 'success' && toMoment(status.at) >= since;
  using limit = inTime(text, patienceMs, signal);
  const posted = github.waitFor(isIt, patienceMs + 1_000);
  posted.catch(() => undefined); // the limit comes first and says it better
  return toMoment((await Promise.race([posted, limit])).at);
}

/** From milliseconds since the epoch to the monotonic clock. */
export function toMoment(epochMs: number): Moment {
  return epochMs - Date.now() + performance.now();
}

/** The image that a Deployment's first container asks for, if the object is the tutorial's Deployment. */
export function isDeploymentOf(object: KubeObject, image: string): boolean {
  if (object.kind !== 'Deployment' || object.metadata.name !== APP) return false;
  const { template } = object.spec as DeploymentSpec;
  return template.spec.containers[0]?.image === image;
}

/** The tutorial's image with a tag. */
export function imageOf(tag: string): string {
  return `ghostwritten/hello-world-flask:${tag}`;
}

interface KustomizationStatus {
  readonly lastAppliedRevision?: string;
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}

interface DeploymentSpec {
  readonly template: { readonly spec: { readonly containers: readonly { readonly image?: string }[] } };
}
