import { HawserError } from '../errors/hawser-error.ts';
import type { PushRecords } from '../push-record/create-push-records.ts';
import { judgePush } from '../push-record/judge-push.ts';
import type { PushRecord, PushStep } from '../push-record/push-record.ts';

/** The records that a stream tells of. */
export type FollowedRecords = Pick<PushRecords, 'read' | 'follow'>;

interface StreamOptions {
  readonly id: string;
  /** The first line: where the record is. */
  readonly head: Readonly<Record<string, unknown>>;
  /** The longest that the stream may last, in milliseconds. */
  readonly timeoutMs: number;
  /** Between two signs of life, in milliseconds; proxies cut what is silent for a minute. */
  readonly heartbeatMs: number;
  /** Aborted when nobody listens any more, or with the last line as reason when the process stops. */
  readonly signal: AbortSignal;
  readonly now: () => Date;
}

/** Said to all streams when the process stops. */
export const INTERRUPTED = {
  verdict: 'interrupted',
  ok: false,
  message: 'Hawser is stopping; ask again with the same Idempotency-Key to go on from the start',
} as const;

/** The steps of a push as they happen, one JSON object a line, and its verdict as the last one. */
export async function* streamPush(records: FollowedRecords, options: StreamOptions): AsyncGenerator<string> {
  const { id, signal, timeoutMs, heartbeatMs } = options;
  const bell = createBell();
  signal.addEventListener('abort', bell.ring, { once: true });
  yield toLine(options.head);
  const unfollow = await records.follow(id, bell.ring);
  const deadline = performance.now() + timeoutMs;
  try {
    for (let shown = 0; !signal.aborted; ) {
      const news = await readNews(records, { id, shown });
      shown = news.shown;
      yield* news.lines.map(toLine);
      if (news.isEnd) return;
      const restMs = deadline - performance.now();
      if (restMs <= 0) return yield toLine(timedOut(timeoutMs));
      const isRung = await bell.wait(Math.min(restMs, heartbeatMs));
      if (!isRung) yield toLine({ heartbeat: options.now().toISOString() });
    }
    if (signal.reason === INTERRUPTED) yield toLine(INTERRUPTED);
  } finally {
    unfollow();
  }
}

interface News {
  readonly lines: readonly object[];
  /** So many steps were shown so far. */
  readonly shown: number;
  readonly isEnd: boolean;
}

async function readNews(records: FollowedRecords, { id, shown }: { id: string; shown: number }): Promise<News> {
  const record = await readIfThere(records, id);
  if (record === 'away') return { lines: [], shown, isEnd: false };
  if (!record) {
    return { lines: [{ verdict: 'gone', ok: false, message: 'the record is no longer kept' }], shown, isEnd: true };
  }
  const verdict = judgePush(record);
  return {
    lines: [...stepsFrom(record, shown).map(withoutCaller), ...(verdict ? [verdict] : [])],
    shown: record.stepsDropped + record.steps.length,
    isEnd: verdict !== undefined,
  };
}

/** While Redis is away the stream goes on: it is rung when Redis is back. */
async function readIfThere(records: FollowedRecords, id: string): Promise<PushRecord | 'away' | undefined> {
  try {
    return await records.read(id);
  } catch (error) {
    if (error instanceof HawserError && error.code === 'REDIS_UNAVAILABLE') return 'away';
    throw error;
  }
}

function stepsFrom({ steps, stepsDropped }: PushRecord, shown: number): readonly PushStep[] {
  return steps.slice(Math.max(shown - stepsDropped, 0));
}

function withoutCaller({ by: _, ...step }: PushStep): PushStep {
  return step;
}

function timedOut(timeoutMs: number) {
  const message = `no verdict within ${Math.round(timeoutMs / 1_000)} s; nothing was cancelled, and asking again with the same Idempotency-Key goes on`;
  return { verdict: 'timeout', ok: false, message };
}

function toLine(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

/** A bell that is heard also if it rang before somebody waited for it. */
function createBell() {
  let isRung = false;
  let wake: (() => void) | undefined;
  return {
    ring: () => {
      isRung = true;
      wake?.();
    },
    /** True if it rang, false after the time. */
    async wait(ms: number): Promise<boolean> {
      if (!isRung) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const timer = setTimeout(resolve, ms);
        wake = resolve;
        await promise;
        clearTimeout(timer);
        wake = undefined;
      }
      const wasRung = isRung;
      isRung = false;
      return wasRung;
    },
  };
}
