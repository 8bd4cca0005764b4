import tls from 'node:tls';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import type { GitCredentials } from '../credentials/git-credentials.ts';
import type { GitProxy } from '../credentials/read-proxy.ts';
import { HawserError } from '../errors/hawser-error.ts';
import { connectThroughSocks } from './connect-through-socks.ts';
import { connectionIdentity } from './git-remote.ts';
import { GIT_LIMITS } from './limits.ts';

/** Connections to Git servers, kept apart by authority, client certificate and proxy. */
export interface ConnectionPools {
  poolFor(credentials: GitCredentials | undefined): Dispatcher;
  /** Ends all connections; calling it again does nothing. */
  close(): Promise<void>;
}

interface Options {
  readonly mostPools?: number;
  /** Milliseconds until an answer begins, and between two pieces of it. */
  readonly idleMs?: number;
}

const MOST_POOLS = 256;
const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 60_000;

const OPTIONS = {
  allowH2: false,
  keepAliveTimeout: KEEP_ALIVE_MS,
  keepAliveMaxTimeout: 10 * KEEP_ALIVE_MS,
} as const;

/** Makes pools as they are asked for; beyond a bound the one unused for longest ends once its requests are answered. */
export function createConnectionPools({
  mostPools = MOST_POOLS,
  idleMs = GIT_LIMITS.idleMs,
}: Options = {}): ConnectionPools {
  const pools = new Map<string, Dispatcher>();
  let isClosed = false;
  const dropOldest = () => {
    const [oldest] = pools;
    if (!oldest) return;
    pools.delete(oldest[0]);
    oldest[1].close().catch(() => undefined); // whoever still waits for an answer hears of its failure
  };
  return {
    poolFor(credentials) {
      if (isClosed) throw new HawserError('GIT_UNREACHABLE', 'Hawser is stopping');
      const key = connectionIdentity(credentials);
      const known = pools.get(key);
      if (!known && pools.size >= mostPools) dropOldest();
      const pool = known ?? createPool(credentials, idleMs);
      pools.delete(key);
      pools.set(key, pool);
      return pool;
    },
    async close() {
      isClosed = true;
      const all = [...pools.values()];
      pools.clear();
      await Promise.all(all.map((pool) => pool.destroy()));
    },
  };
}

function createPool(credentials: GitCredentials | undefined, idleMs: number): Dispatcher {
  const options = { ...OPTIONS, headersTimeout: idleMs, bodyTimeout: idleMs };
  const secure = toTlsOptions(credentials);
  const proxy = credentials?.proxy;
  if (!proxy) return new Agent({ ...options, connect: { ...secure, timeout: CONNECT_TIMEOUT_MS } });
  if (proxy.url.startsWith('socks5:')) {
    return new Agent({ ...options, connect: connectThroughSocks(proxy, { ...secure, timeout: CONNECT_TIMEOUT_MS }) });
  }
  return new ProxyAgent({
    ...options,
    uri: proxy.url,
    ...(proxy.username !== undefined && { token: toBasic(proxy) }),
    requestTls: { ...secure, timeout: CONNECT_TIMEOUT_MS },
    proxyTls: { timeout: CONNECT_TIMEOUT_MS },
  });
}

/** As in Flux, an authority of one's own is trusted beside the public ones. */
function toTlsOptions(credentials: GitCredentials | undefined) {
  const { ca, clientCertificate } = credentials ?? {};
  return {
    ...(ca !== undefined && { ca: [...tls.getCACertificates('default'), ca] }),
    ...(clientCertificate && { cert: clientCertificate.certificate, key: clientCertificate.key.reveal() }),
  };
}

function toBasic({ username = '', password }: GitProxy): string {
  return `Basic ${Buffer.from(`${username}:${password?.reveal() ?? ''}`).toString('base64')}`;
}
