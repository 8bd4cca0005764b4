import type { CommitState } from '../commit-status/commit-status.ts';
import { type StatusText, type SyncReport, toCommitStatus } from '../commit-status/to-commit-status.ts';
import { messageOf } from '../errors/hawser-error.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { sourceOf } from '../model/kustomization-source.ts';
import { formatKey, keyOf } from '../model/object-key.ts';
import type { CommitKey } from '../push-record/push-reach.ts';
import type { PushProgress, PushReports } from '../sync/deps.ts';
import { type SyncOutcome, stepDurations } from '../sync/outcome.ts';
import type { ResourceName } from '../sync/resources.ts';
import type { Logger } from '../telemetry/create-logger.ts';
import { settleCommit } from './settle-commit.ts';
import { toReport } from './to-report.ts';
import { commitOf, type StatusDeps, wantAnnouncement, wantSummary, wantSuperseded, wantWord } from './want-statuses.ts';

interface ReportDeps extends StatusDeps {
  readonly logger: Logger;
  /** The Kustomization of this name as it stands in the cluster. */
  readonly kustomization: (name: ResourceName) => Kustomization | undefined;
  /** The commit that a source of this name has fetched last. */
  readonly currentSha: (name: ResourceName) => string | undefined;
}

/** The reports, and what becomes of those that nobody will make. */
export interface KeptReports extends PushReports {
  /** A Kustomization was deleted or suspended: it answers no push any more. */
  left(kustomization: Kustomization): void;
  /** Looks for Kustomizations that were deleted or suspended unseen, at the commit that a source has now. */
  settle(source: GitRepository): void;
  flush(): Promise<void>;
}

/** What was last said of one Kustomization, and about which commit. */
interface LastWord {
  readonly sha: string;
  readonly pushId: string | undefined;
  readonly state: CommitState;
}

/**
 * Keeps the record of each push and the wanted state of its commit statuses. Writes happen behind the pipeline's back,
 * in order per Kustomization and per summary; what to post is read when it is posted.
 */
export function createPushReports(deps: ReportDeps): KeptReports {
  const lastWords = new Map<string, LastWord>();
  /** The last commit that was announced of each source. */
  const announced = new Map<string, string>();
  const chains = createChains(deps.logger);
  const summarize = (commit: CommitKey) => {
    chains.addOnce(`summary of ${formatKey(commit.source)} at ${commit.sha}`, () => wantSummary(deps, commit));
  };
  const isAtWork = ({ metadata: { namespace = '', name } }: Kustomization) => {
    const found = deps.kustomization({ namespace, name });
    return found !== undefined && !found.spec.suspend;
  };
  const say = (progress: PushProgress, report: SyncReport, ended?: Ended) => {
    const key = formatKey(keyOf('Kustomization', progress.kustomization));
    const news = toNews(lastWords.get(key), progress, report);
    if (!news) return;
    const { pushId, text } = news;
    lastWords.set(key, { sha: progress.sha, pushId, state: text.state });
    const word = { key, progress, report, ended, pushId, text, at: deps.now().getTime() };
    chains.add(key, async () => {
      for (const commit of await tell(deps, word)) summarize(commit);
      // Who was suspended or deleted while it was at work gives no other result.
      if (ended && text.state === 'pending' && !isAtWork(progress.kustomization)) {
        await settleCommit(deps, commitOf(progress));
      }
    });
  };
  return {
    announced(announcement) {
      if (!deps.reportsTo(announcement.source)) return;
      const { source, sha } = commitOf(announcement);
      const at = deps.now().getTime();
      announced.set(formatKey(source), sha);
      chains.add(`summary of ${formatKey(source)} at ${sha}`, () => wantAnnouncement(deps, announcement, at));
    },
    started(progress) {
      if (progress.pushIds.length > 0) say(progress, { kind: 'started' });
    },
    ended(progress, outcome, attempt) {
      const report = toReport(outcome, progress, attempt);
      if (report) say(progress, report, { outcome, steps: stepDurations(attempt) });
      else if (outcome.kind === 'suspended') noteSuspended(progress);
    },
    left(kustomization) {
      const key = formatKey(keyOf('Kustomization', kustomization));
      const { kind, namespace, name } = sourceOf(kustomization);
      const said = lastWords.get(key)?.sha;
      lastWords.delete(key);
      if (kind !== 'GitRepository') return;
      const source = { kind, namespace, name } as const;
      const shas = new Set([said, announced.get(formatKey(source)), deps.currentSha(source)]);
      for (const sha of shas) {
        // After what is still to be written of it.
        if (sha !== undefined) chains.add(key, () => settleCommit(deps, { source, sha }));
      }
    },
    settle(source) {
      const key = keyOf('GitRepository', source);
      const sha = deps.currentSha(key);
      if (sha === undefined || !deps.reportsTo(source)) return;
      chains.add(formatKey(key), () => settleCommit(deps, { source: key, sha }));
    },
    flush: chains.flush,
  };

  /** Suspended after it was asked: nobody waits for it any longer. */
  function noteSuspended(progress: PushProgress): void {
    if (progress.pushIds.length === 0 || !deps.reportsTo(progress.source)) return;
    const key = formatKey(keyOf('Kustomization', progress.kustomization));
    const word = { state: 'suspended', description: '', at: deps.now().getTime() } as const;
    chains.add(key, async () => {
      await deps.pushRecords.setWord(commitOf(progress), key, word);
      summarize(commitOf(progress));
    });
  }
}

interface SpokenWord {
  /** The Kustomization's, as `formatKey` writes it. */
  readonly key: string;
  readonly progress: PushProgress;
  readonly report: SyncReport;
  readonly ended: Ended | undefined;
  readonly pushId: string | undefined;
  readonly text: StatusText;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Records a word and wants it posted; answers the commits whose summaries it concerns. */
async function tell(deps: ReportDeps, word: SpokenWord): Promise<readonly CommitKey[]> {
  const { key, progress, report, ended, pushId, at } = word;
  // One run may serve several pushes: those that a newer one overtook before they were synced get its answer.
  const served = new Set([...progress.pushIds, ...(pushId === undefined ? [] : [pushId])]);
  await Promise.all([...served].map((id) => record(deps, { key, pushId: id, report, ended })));
  if (!deps.reportsTo(progress.source)) return [];
  const isNews = await wantWord(deps, progress, word);
  const overtaken = ended ? await wantSuperseded(deps, progress, at) : [];
  return isNews ? [commitOf(progress), ...overtaken] : overtaken;
}

/** What to say, and for which push; undefined if it was said already. Pure. */
function toNews(before: LastWord | undefined, { sha, pushIds }: PushProgress, report: SyncReport) {
  const isSameCommit = before?.sha === sha;
  const pushId = pushIds.at(-1) ?? (isSameCommit ? before.pushId : undefined);
  const text = toCommitStatus(report);
  const isSamePush = isSameCommit && before.pushId === pushId;
  return isSamePush && (report.kind === 'started' || before.state === text.state) ? undefined : { pushId, text };
}

/** Runs writes one after the other per key; a failure is logged and does not stop the next one. */
function createChains(logger: Logger) {
  const chains = new Map<string, Promise<void>>();
  const waiting = new Set<string>();
  const add = (key: string, write: () => Promise<void>) => {
    const chain = (chains.get(key) ?? Promise.resolve())
      .then(write)
      .catch((error: unknown) => logger.warn({ error: messageOf(error) }, 'a push could not be reported'))
      .then(() => void (chains.get(key) === chain && chains.delete(key)));
    chains.set(key, chain);
  };
  return {
    add,
    /** The same as one that has not begun is left out. */
    addOnce(key: string, write: () => Promise<void>) {
      if (waiting.has(key)) return;
      waiting.add(key);
      add(key, () => {
        waiting.delete(key);
        return write();
      });
    },
    /** A write may add another one. */
    async flush() {
      while (chains.size > 0) await Promise.all(chains.values());
    },
  };
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
