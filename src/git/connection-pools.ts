import tls from 'node:tls';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import type { GitCredentials } from '../credentials/git-credentials.ts';
import type { GitProxy } from '../credentials/read-proxy.ts';
import { HawserError } from '../errors/hawser-error.ts';
import { connectThroughSocks } from './connect-through-socks.ts';
import { connectionIdentity } from './git-remote.ts';

/** Connections to Git servers, kept apart by authority, client certificate and proxy. */
export interface ConnectionPools {
  poolFor(credentials: GitCredentials | undefined): Dispatcher;
  /** Ends all connections; calling it again does nothing. */
  close(): Promise<void>;
}

const MOST_POOLS = 256;
const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 20_000;
const KEEP_ALIVE_MS = 60_000;

const OPTIONS = {
  allowH2: false,
  headersTimeout: IDLE_TIMEOUT_MS,
  bodyTimeout: IDLE_TIMEOUT_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
  keepAliveMaxTimeout: 10 * KEEP_ALIVE_MS,
} as const;

/** Makes pools as they are asked for; beyond a bound the one unused for longest ends once its requests are answered. */
export function createConnectionPools(mostPools = MOST_POOLS): ConnectionPools {
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
      const pool = known ?? createPool(credentials);
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

function createPool(credentials: GitCredentials | undefined): Dispatcher {
  const secure = toTlsOptions(credentials);
  const proxy = credentials?.proxy;
  if (!proxy) return new Agent({ ...OPTIONS, connect: { ...secure, timeout: CONNECT_TIMEOUT_MS } });
  if (proxy.url.startsWith('socks5:')) {
    return new Agent({ ...OPTIONS, connect: connectThroughSocks(proxy, { ...secure, timeout: CONNECT_TIMEOUT_MS }) });
  }
  return new ProxyAgent({
    ...OPTIONS,
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
