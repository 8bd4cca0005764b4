import { HawserError } from '../errors/hawser-error.ts';

interface AnswerCacheOptions {
  /** Milliseconds of a monotonic clock. */
  readonly now?: (() => number) | undefined;
  /** How long an answer holds, in milliseconds. */
  readonly keptMs?: number;
  readonly mostKept?: number;
  /** Questions on their way at a time. */
  readonly mostAsked?: number;
}

/** Answers that hold for a few seconds. */
export interface AnswerCache<T> {
  /** One question for all who want to know the same at a time; throws what asking throws, or HTTP_OVERLOADED. */
  get(key: string, ask: () => Promise<T>): Promise<T>;
}

const KEPT_MS = 5_000;
const MOST_KEPT = 1_000;
const MOST_ASKED = 8;

/** Keeps the API server from being asked by whoever guesses tokens: questions and answers are bounded. */
export function createAnswerCache<T>(options: AnswerCacheOptions = {}): AnswerCache<T> {
  const { now = () => performance.now(), keptMs = KEPT_MS, mostKept = MOST_KEPT, mostAsked = MOST_ASKED } = options;
  const answers = new Map<string, { readonly value: Promise<T>; until: number }>();
  let asked = 0;

  const start = async (ask: () => Promise<T>) => {
    asked += 1;
    try {
      return await ask();
    } finally {
      asked -= 1;
    }
  };
  const forgetOldest = () => {
    const [oldest] = answers.keys();
    if (answers.size > mostKept && oldest !== undefined) answers.delete(oldest);
  };

  return {
    get(key, ask) {
      const known = answers.get(key);
      if (known && now() < known.until) return known.value;
      if (asked >= mostAsked) return Promise.reject(overloaded());
      const entry = { value: start(ask), until: Number.POSITIVE_INFINITY };
      answers.delete(key);
      answers.set(key, entry);
      forgetOldest();
      entry.value.then(
        () => {
          entry.until = now() + keptMs;
        },
        // What could not be answered is asked again.
        () => answers.get(key) === entry && answers.delete(key),
      );
      return entry.value;
    },
  };
}

function overloaded(): HawserError {
  return new HawserError('HTTP_OVERLOADED', 'too many tokens are being checked at once; try again in a few seconds');
}
