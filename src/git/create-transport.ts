import { type Dispatcher, request } from 'undici';
import type { HttpLogin } from '../credentials/read-http-login.ts';
import { HawserError } from '../errors/hawser-error.ts';
import { createConnectionPools } from './connection-pools.ts';
import type { GitRemote } from './git-remote.ts';
import type { GitLimits } from './limits.ts';
import type { PackRoom } from './pack-memory.ts';
import { isStaleConnection } from './to-git-error.ts';

export interface GitRequest {
  readonly remote: GitRemote;
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Where a pack is to come; any other answer is bounded as a list of refs is. */
  readonly room?: PackRoom | undefined;
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

/** The user name that GitHub expects beside the token of an App's installation. */
const APP_USER = 'x-access-token';

/** Makes what all sources share: connections are reused by those who are reached in the same way. */
export function createTransport(limits: Pick<GitLimits, 'idleMs' | 'responseBytes' | 'refBytes'>): Transport {
  const pools = createConnectionPools(limits);
  const sendOnce = async ({ remote, method, url, headers, body, room }: GitRequest, signal: AbortSignal) => {
    const answer = await request(url, {
      dispatcher: pools.poolFor(remote.credentials),
      method,
      signal,
      headers: {
        'user-agent': 'git/2.0 (hawser)',
        'accept-encoding': 'identity',
        ...authorize(remote, url),
        ...headers,
      },
      ...(body !== undefined && { body }),
    });
    const read = async () => {
      if (isReadable(answer)) return await readBody(answer.body, room ? limits.responseBytes : limits.refBytes, room);
      await answer.body.dump();
      return Buffer.alloc(0);
    };
    return { answer, read };
  };
  return {
    send: async (wanted, signal) => {
      const { answer, read } = await sendOnce(wanted, signal).catch((error: unknown) => {
        if (signal.aborted || !isStaleConnection(error)) throw error;
        return sendOnce(wanted, signal);
      });
      return { status: answer.statusCode, headers: answer.headers, body: await read() };
    },
    close: () => pools.close(),
  };
}

/** Whatever led elsewhere, a login is shown to the server that the source names and to no other. */
function authorize({ url, credentials }: GitRemote, target: string): Record<string, string> {
  const login = credentials?.login;
  if (!login || login.kind === 'ssh' || new URL(target).origin !== new URL(url).origin) return {};
  return { authorization: toAuthorization(login) };
}

function toAuthorization(login: HttpLogin): string {
  if (login.kind === 'bearer' || login.kind === 'azure') return `Bearer ${login.token.reveal()}`;
  if (login.kind === 'aws') return toBasic(login.token.reveal());
  if (login.kind === 'github-app') return toBasic(`${APP_USER}:${login.token.reveal()}`);
  return toBasic(`${login.username}:${login.password.reveal()}`);
}

function toBasic(userAndPassword: string): string {
  return `Basic ${Buffer.from(userAndPassword).toString('base64')}`;
}

/** Packs are compressed already, and no other encoding was offered; a refusal counts as such whatever it is encoded in. */
function isReadable({ statusCode, headers }: Pick<Dispatcher.ResponseData, 'statusCode' | 'headers'>): boolean {
  const encoding = String(headers['content-encoding'] ?? 'identity')
    .trim()
    .toLowerCase();
  if (encoding === 'identity') return true;
  if (statusCode !== 200) return false;
  throw new HawserError(
    'GIT_PROTOCOL_UNSUPPORTED',
    `the server, or a proxy before it, answers in the encoding ${JSON.stringify(encoding)}, which nobody asked for: switch compression off for Git`,
  );
}

async function readBody(body: AsyncIterable<Buffer>, most: number, room?: PackRoom): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > most) throw new HawserError('GIT_LIMIT_EXCEEDED', `the answer is larger than ${most} bytes`);
    chunks.push(chunk);
    await room?.reserve(bytes); // meanwhile the server waits
  }
  return Buffer.concat(chunks, bytes);
}
