import { Agent, request } from 'undici';
import { HawserError } from '../errors/hawser-error.ts';
import type { GitRemote } from './git-remote.ts';
import type { GitLimits } from './limits.ts';
import { isStaleConnection } from './to-git-error.ts';

export interface GitRequest {
  readonly remote: GitRemote;
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface GitAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Sends one request to a Git server, credentials included; redirects are answers like any other. */
export interface Transport {
  send(request: GitRequest, signal: AbortSignal): Promise<GitAnswer>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 20_000;
const KEEP_ALIVE_MS = 60_000;

/** Makes the pool of connections that all sources share. */
export function createTransport(limits: Pick<GitLimits, 'responseBytes'>): Transport {
  const agent = new Agent({
    allowH2: false,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: IDLE_TIMEOUT_MS,
    bodyTimeout: IDLE_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: 10 * KEEP_ALIVE_MS,
  });
  const sendOnce = async ({ remote, method, url, headers, body }: GitRequest, signal: AbortSignal) => {
    const answer = await request(url, {
      dispatcher: agent,
      method,
      signal,
      headers: { 'user-agent': 'git/2.0 (hawser)', ...authorize(remote), ...headers },
      ...(body !== undefined && { body }),
    });
    return { answer, read: () => readBody(answer.body, limits) };
  };
  return {
    send: async (wanted, signal) => {
      const { answer, read } = await sendOnce(wanted, signal).catch((error: unknown) => {
        if (signal.aborted || !isStaleConnection(error)) throw error;
        return sendOnce(wanted, signal);
      });
      return { status: answer.statusCode, headers: answer.headers, body: await read() };
    },
    close: () => (agent.destroyed ? Promise.resolve() : agent.destroy()),
  };
}

function authorize({ credentials }: GitRemote): Record<string, string> {
  if (!credentials) return {};
  const pair = `${credentials.username}:${credentials.password.reveal()}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

async function readBody(body: AsyncIterable<Buffer>, limits: Pick<GitLimits, 'responseBytes'>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > limits.responseBytes) {
      throw new HawserError('GIT_LIMIT_EXCEEDED', `the answer is larger than ${limits.responseBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}
