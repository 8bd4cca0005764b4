import { type StatusText, toCommitStatus } from '../commit-status/to-commit-status.ts';
import type { GitRepository } from '../model/git-repository.ts';
import { formatKey, keyOf, parseKey } from '../model/object-key.ts';
import type { PushRecords } from '../push-record/create-push-records.ts';
import type { CommitKey } from '../push-record/push-reach.ts';
import type { Queues } from '../queue/create-queues.ts';
import type { PushAnnouncement, PushProgress } from '../sync/deps.ts';
import type { ResourceName } from '../sync/resources.ts';
import { isSummarySaid, summarizePush } from './summarize-push.ts';

export interface StatusDeps {
  readonly pushRecords: PushRecords;
  readonly queues: Pick<Queues, 'requestCommitStatus'>;
  readonly now: () => Date;
  /** Whether commits of this source get statuses. */
  readonly reportsTo: (source: GitRepository) => boolean;
  /** Whether there is a GitRepository of this name: its summary has the context that a Kustomization would have. */
  readonly hasSource: (name: ResourceName) => boolean;
  /** The public page of a push; undefined where Hawser has no external address. */
  readonly pushUrl: (pushId: string) => string | undefined;
}

interface Said {
  readonly pushId: string | undefined;
  readonly text: StatusText;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export function commitOf({ source, sha }: { source: GitRepository; sha: string }): CommitKey {
  return { source: keyOf('GitRepository', source), sha };
}

/**
 * Notes what is to be said of a Kustomization on a commit, and wants it posted. A commit that nobody was told about (no
 * push asked) gets a status only to correct one that stands. Tells whether there was something to say.
 */
export async function wantWord(deps: StatusDeps, progress: PushProgress, said: Said): Promise<boolean> {
  const commit = commitOf(progress);
  const object = formatKey(keyOf('Kustomization', progress.kustomization));
  const { reach, words } = await deps.pushRecords.readReach(commit);
  const standing = words[object];
  if (said.pushId === undefined && (!standing || standing.state === said.text.state)) return false;
  await deps.pushRecords.setWord(commit, object, { ...said.text, at: said.at });
  await wantOwnStatus(deps, commit, { ...said, object, pushId: said.pushId ?? reach?.pushId });
  return true;
}

/** A Kustomization that is called like a source has no status of its own: that context is the summary's, which names it. */
export async function wantOwnStatus(
  deps: StatusDeps,
  commit: CommitKey,
  said: Said & { object: string },
): Promise<void> {
  const { namespace, name } = parseKey(said.object);
  if (deps.hasSource({ namespace, name })) return;
  await want(deps, { ...commit, context: `hawser/${namespace}/${name}` }, said);
}

async function want(deps: StatusDeps, key: CommitKey & { context: string }, { pushId, text, at }: Said): Promise<void> {
  const targetUrl = pushId === undefined ? undefined : deps.pushUrl(pushId);
  await deps.pushRecords.wantStatus(key, { ...text, at, ...(targetUrl === undefined ? {} : { targetUrl }) });
  await deps.queues.requestCommitStatus({ ...key, final: text.state !== 'pending' });
}

function summaryKeyOf(commit: CommitKey): CommitKey & { context: string } {
  return { ...commit, context: `hawser/${commit.source.namespace}/${commit.source.name}` };
}

/** Words of other workers may come between reading and writing: who wrote last looks again. */
const MOST_ROUNDS = 3;

/** Wants the summary of a push posted, where it says something new. */
export async function wantSummary(deps: StatusDeps, commit: CommitKey): Promise<void> {
  const key = summaryKeyOf(commit);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const at = deps.now().getTime();
    const { reach, words } = await deps.pushRecords.readReach(commit);
    if (!reach) return;
    const text = summarizePush(reach, words);
    const standing = await deps.pushRecords.readStatus(key);
    if (isSummarySaid(standing?.wanted, text)) return;
    await want(deps, key, { pushId: reach.pushId, text, at });
  }
}

/** Notes whom a push reaches, and tells its commit that it is on its way. */
export async function wantAnnouncement(deps: StatusDeps, announcement: PushAnnouncement, at: number): Promise<void> {
  const { pushId, affected, followers, overtaken, sha, source } = announcement;
  const deployed = affected.filter(({ spec }) => !spec.suspend);
  const commit = commitOf(announcement);
  await deps.pushRecords.setReach(commit, {
    pushId,
    affected: deployed.map((kustomization) => formatKey(keyOf('Kustomization', kustomization))),
    suspended: affected.length - deployed.length,
    unaffected: followers - affected.length,
    at,
  });
  await wantSummary(deps, commit);
  for (const push of overtaken) {
    await wantSupersededPush(deps, commitOf({ source, sha: push.sha }), { pushId: push.pushId, bySha: sha, at });
  }
}

/** A push that no sync has seen: one that was announced, or told of before, has words of its own. */
async function wantSupersededPush(
  deps: StatusDeps,
  commit: CommitKey,
  { pushId, bySha, at }: { pushId: string | undefined; bySha: string; at: number },
): Promise<void> {
  const key = summaryKeyOf(commit);
  const [{ reach }, standing] = await Promise.all([
    deps.pushRecords.readReach(commit),
    deps.pushRecords.readStatus(key),
  ]);
  if (reach || standing) return;
  await want(deps, key, { pushId, text: toCommitStatus({ kind: 'superseded', bySha }), at });
}

/** Tells the older pushes that a sync served, whose commits it did not deploy, by which one they were superseded. */
export async function wantSuperseded(deps: StatusDeps, progress: PushProgress, at: number): Promise<CommitKey[]> {
  const object = formatKey(keyOf('Kustomization', progress.kustomization));
  const text = toCommitStatus({ kind: 'superseded', bySha: progress.sha });
  const told: CommitKey[] = [];
  for (const pushId of progress.pushIds) {
    const push = await deps.pushRecords.read(pushId);
    if (push?.after === undefined || push.after === progress.sha) continue;
    const commit = commitOf({ source: progress.source, sha: push.after });
    const { reach, words } = await deps.pushRecords.readReach(commit);
    const word = words[object];
    if (!reach?.affected.includes(object) || (word && word.state !== 'pending')) continue;
    await deps.pushRecords.setWord(commit, object, { ...text, at });
    if (word) await wantOwnStatus(deps, commit, { object, pushId, text, at });
    told.push(commit);
  }
  return told;
}
