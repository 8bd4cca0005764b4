import { type Dispatcher, request } from 'undici';
import { readStart } from '../credentials/read-start.ts';
import { messageOf } from '../errors/hawser-error.ts';
import { redact } from '../errors/redact.ts';
import type { PostResult, StatusCredential } from './commit-status.ts';
import type { Answer } from './to-post-result.ts';

/** How a reporter reaches its API. */
export interface ReporterOptions {
  /** Root of the provider's API, without what names a repository. */
  readonly apiUrl: string;
  readonly dispatcher?: Dispatcher;
  /** Milliseconds until an attempt is given up. */
  readonly timeoutMs?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Milliseconds until an attempt is given up. */
export const TIMEOUT_MS = 10_000;
const LONGEST_ANSWER = 64 * 1024;

interface JsonPost {
  readonly url: string;
  readonly authorization: string;
  readonly body: object;
  /** The provider's name, for messages. */
  readonly name: string;
}

/** Posts JSON, once, to where it says and nowhere else; no answer at all is a reason to try again. */
export async function postJson(
  { dispatcher, timeoutMs = TIMEOUT_MS }: Omit<ReporterOptions, 'apiUrl'>,
  { url, authorization, body, name }: JsonPost,
  signal: AbortSignal | undefined,
): Promise<Answer | Extract<PostResult, { kind: 'retry' }>> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await request(url, {
      method: 'POST',
      headers: {
        authorization,
        accept: 'application/json',
        'content-type': 'application/json',
        'user-agent': 'hawser',
      },
      body: JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      ...(dispatcher ? { dispatcher } : {}),
    });
    const message = toMessage(await readStart(response.body, LONGEST_ANSWER));
    return { status: response.statusCode, headers: response.headers, message };
  } catch (error) {
    signal?.throwIfAborted();
    if (timeout.aborted) return { kind: 'retry', message: `${name} did not answer within ${timeoutMs} ms` };
    return { kind: 'retry', message: `${name} cannot be reached: ${messageOf(error)}` };
  }
}

/** The `Authorization` header: a token of the provider's scheme, or a user and its password. */
export function toAuthorization({ username, token }: StatusCredential, scheme: 'Bearer' | 'token'): string {
  if (username === undefined) return `${scheme} ${token.reveal()}`;
  return `Basic ${Buffer.from(`${username}:${token.reveal()}`).toString('base64')}`;
}

const LONGEST_MESSAGE = 300;

/** What an error says, in one line: providers put it into `message`, `error` or `errors[].message`, as text or nested. */
function toMessage(text: string): string {
  const said = pickMessage(text);
  const line = redact(typeof said === 'string' ? said : JSON.stringify(said))
    .replace(/\s+/g, ' ')
    .trim();
  return line.slice(0, LONGEST_MESSAGE);
}

function pickMessage(text: string): unknown {
  try {
    const { message, error, errors } = JSON.parse(text) as Record<string, unknown>;
    return message ?? (error as { message?: unknown } | undefined)?.message ?? error ?? errors ?? '';
  } catch {
    // A page for people says nothing that fits into a line.
    return /^\s*</.test(text) ? '' : text;
  }
}
