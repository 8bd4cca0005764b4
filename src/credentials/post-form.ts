import { messageOf } from '../errors/hawser-error.ts';
import type { Secret } from '../errors/secret.ts';
import type { Connection } from './connection.ts';
import { readStart } from './read-start.ts';

/** How the issuers of tokens are reached. */
export interface IssuerAccess {
  /** `fetch` over connections of such a kind. */
  readonly fetchVia: (via: Connection | undefined) => typeof fetch;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly timeoutMs?: number;
}

/** A request for a token. */
interface FormRequest {
  readonly url: string;
  readonly form: Readonly<Record<string, string | Secret>>;
  readonly via: Connection | undefined;
}

/** What the issuer said; `retryAt` if it asks to be left alone. */
export interface FormAnswer {
  readonly status: number;
  /** The first 64 KiB. */
  readonly text: string;
  readonly retryAt?: Date;
}

const LONGEST_ANSWER = 64 * 1024;
const LONGEST_PAUSE_S = 3_600;

/** Posts a form; redirects are not followed, because what is sent proves who asks. Throws if there is no answer. */
export async function postForm(
  { fetchVia, now, timeoutMs }: Required<IssuerAccess>,
  { url, form, via }: FormRequest,
): Promise<FormAnswer> {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(form)) body.set(name, typeof value === 'string' ? value : value.reveal());
  try {
    const response = await fetchVia(via)(url, {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      headers: { 'user-agent': 'hawser' },
      body,
    });
    const text = response.body ? await readStart(response.body, LONGEST_ANSWER) : '';
    const seconds = Math.min(Number(response.headers.get('retry-after') ?? 0), LONGEST_PAUSE_S);
    return { status: response.status, text, ...(seconds > 0 && { retryAt: new Date(now() + seconds * 1_000) }) };
  } catch (error) {
    throw unreachable(url, { error, timeoutMs });
  }
}

function unreachable(url: string, { error, timeoutMs }: { error: unknown; timeoutMs: number }): Error {
  const isLate = error instanceof Error && error.name === 'TimeoutError';
  const problem = isLate ? `no answer within ${timeoutMs} ms` : messageOf(error);
  return new Error(`${new URL(url).origin} cannot be reached: ${problem}`, { cause: error });
}
