import type { CommitState } from '../commit-status/commit-status.ts';
import { type SyncReport, toCommitStatus } from '../commit-status/to-commit-status.ts';
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { formatKey, keyOf } from '../model/object-key.ts';
import { parseRevision } from '../model/revision.ts';
import type { PushRecords } from '../push-record/create-push-records.ts';
import type { Queues } from '../queue/create-queues.ts';
import type { PushProgress, PushReports } from '../sync/deps.ts';
import { describeFailure } from '../sync/kustomization-status.ts';
import { type Attempt, type SyncOutcome, stepDurations } from '../sync/outcome.ts';
import type { Logger } from '../telemetry/create-logger.ts';

interface ReportDeps {
  readonly pushRecords: PushRecords;
  readonly queues: Pick<Queues, 'requestCommitStatus'>;
  readonly logger: Logger;
  readonly now: () => Date;
  /** Whether commits of this repository get statuses. */
  readonly reportsTo: (repositoryUrl: string) => boolean;
  /** The public page of a push; undefined where Hawser has no external address. */
  readonly pushUrl: (pushId: string) => string | undefined;
}

/** What was last said of one Kustomization, and about which commit. */
interface LastWord {
  readonly sha: string;
  readonly pushId: string | undefined;
  readonly state: CommitState;
}

/**
 * Keeps the record of each push and the wanted state of its commit statuses. Writes happen behind the pipeline's back,
 * in order per Kustomization; what to post is read when it is posted.
 */
export function createPushReports(deps: ReportDeps): PushReports & { flush(): Promise<void> } {
  const lastWords = new Map<string, LastWord>();
  const chains = new Map<string, Promise<void>>();
  const inOrder = (key: string, write: () => Promise<void>) => {
    const chain = (chains.get(key) ?? Promise.resolve())
      .then(write)
      .catch((error: unknown) => deps.logger.warn({ error: messageOf(error) }, 'a push could not be reported'))
      .then(() => void (chains.get(key) === chain && chains.delete(key)));
    chains.set(key, chain);
  };
  const say = (progress: PushProgress, report: SyncReport, ended?: Ended) => {
    const key = formatKey(keyOf('Kustomization', progress.kustomization));
    const before = lastWords.get(key);
    const isSameCommit = before?.sha === progress.sha;
    const pushId = progress.pushIds.at(-1) ?? (isSameCommit ? before?.pushId : undefined);
    const text = toCommitStatus(report);
    if (isSameCommit && before.state === text.state && before.pushId === pushId) return;
    if (isSameCommit && report.kind === 'started' && before.pushId === pushId) return;
    lastWords.set(key, { sha: progress.sha, pushId, state: text.state });
    // One run may serve several pushes: those that a newer one overtook before they were synced get its answer.
    const served = new Set([...progress.pushIds, ...(pushId === undefined ? [] : [pushId])]);
    inOrder(key, async () => {
      await Promise.all([...served].map((id) => record(deps, { key, pushId: id, report, ended })));
      await wantStatus(deps, progress, { pushId, text });
    });
  };
  return {
    started(progress) {
      if (progress.pushIds.length > 0) say(progress, { kind: 'started' });
    },
    ended(progress, outcome, attempt) {
      const report = toReport(outcome, progress, attempt);
      if (report) say(progress, report, { outcome, steps: stepDurations(attempt) });
    },
    async flush() {
      await Promise.all(chains.values());
    },
  };
}

/** What an outcome says to a commit; undefined where there is nothing new to say. Pure. */
export function toReport(outcome: SyncOutcome, progress: PushProgress, attempt: Attempt): SyncReport | undefined {
  switch (outcome.kind) {
    case 'done': {
      const changed = attempt.changes.filter(({ action }) => action !== 'unchanged' && action !== 'skipped').length;
      return { kind: 'done', changed, total: progress.kustomization.status?.inventory?.entries.length ?? 0 };
    }
    case 'waiting':
      return { kind: 'waiting', message: outcome.unhealthy.join(', ') };
    case 'failed': {
      const { reason, disposition } = isOurTrouble(outcome.error)
        ? { reason: 'ClusterUnavailable', disposition: 'retry' as const }
        : describeFailure(outcome.error);
      return { kind: 'failed', reason, disposition, message: messageOf(outcome.error) };
    }
    case 'superseded':
      return { kind: 'superseded', bySha: parseRevision(outcome.by)?.sha ?? outcome.by };
    case 'gone':
      return { kind: 'gone' };
    case 'blocked':
    case 'suspended':
    case 'unsettled':
      return undefined;
  }
}

/** Failures that no change of the manifests would have avoided. */
const OUR_TROUBLE: ReadonlySet<string> = new Set([
  'INTERNAL',
  'KUBE_CONFLICT',
  'KUBE_CREDENTIALS_UNAVAILABLE',
  'KUBE_UNAVAILABLE',
  'KUBE_UNREACHABLE',
  'RENDER_UNAVAILABLE',
  'SYNC_TIMEOUT',
]);

/** Several failures are our trouble only if each of them is. */
function isOurTrouble(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isOurTrouble);
  return error instanceof HawserError && (OUR_TROUBLE.has(error.code) || isOurTrouble(error.cause));
}

/** How a sync ended, and how long its steps took. */
interface Ended {
  readonly outcome: SyncOutcome;
  readonly steps: readonly { readonly name: string; readonly ms: number }[];
}

function timesOf({ steps }: Ended): { detail: string; durationMs: number } {
  const detail = steps.map(({ name, ms }) => `${name} ${ms.toFixed(1)} ms`).join(', ');
  return { detail, durationMs: Math.round(steps.reduce((sum, { ms }) => sum + ms, 0)) };
}

interface Entry {
  readonly key: string;
  readonly pushId: string;
  readonly report: SyncReport;
  readonly ended: Ended | undefined;
}

async function record(deps: ReportDeps, { key, pushId, report, ended }: Entry): Promise<void> {
  const at = deps.now().toISOString();
  await deps.pushRecords.addStep(pushId, { at, object: key, step: report.kind, ...(ended ? timesOf(ended) : {}) });
  if (!ended) return;
  const { outcome } = ended;
  const message = toCommitStatus(report).description;
  const revision = 'revision' in outcome && outcome.revision ? { revision: outcome.revision } : {};
  await deps.pushRecords.setOutcome(pushId, key, { kind: outcome.kind, message, at, ...revision });
}

/** A commit that nobody was told about (no push asked) gets a status only to correct one that stands. */
async function wantStatus(
  deps: ReportDeps,
  { kustomization, source, sha }: PushProgress,
  { pushId, text }: { pushId: string | undefined; text: { state: CommitState; description: string } },
): Promise<void> {
  if (!deps.reportsTo(source.spec.url)) return;
  const { name, namespace = '' } = kustomization.metadata;
  const key = {
    source: keyOf('GitRepository', source),
    sha,
    context: `hawser/${namespace}/${name}`,
  };
  const standing = await deps.pushRecords.readStatus(key);
  if (pushId === undefined && (!standing?.wanted || standing.wanted.state === text.state)) return;
  const targetUrl = (pushId === undefined ? undefined : deps.pushUrl(pushId)) ?? standing?.wanted?.targetUrl;
  const at = deps.now().getTime();
  await deps.pushRecords.wantStatus(key, { ...text, at, ...(targetUrl === undefined ? {} : { targetUrl }) });
  await deps.queues.requestCommitStatus({ ...key, final: text.state !== 'pending' });
}
