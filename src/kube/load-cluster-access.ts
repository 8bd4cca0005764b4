import { KubeConfig } from '@kubernetes/client-node';
import type { ErrorCode } from '../errors/codes.ts';
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { rememberSecret } from '../errors/redact.ts';

/** What a connection and a request need to be let in. */
export interface ClusterCredentials {
  /** Headers of each request: `authorization`, and impersonation if the kubeconfig asks for it. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsOptions;
}

/** The part of Node's TLS options that a kubeconfig can set. */
export interface TlsOptions {
  readonly ca?: Buffer | string;
  readonly cert?: Buffer | string;
  readonly key?: Buffer | string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** Where a cluster is and how to be let in. */
export interface ClusterAccess {
  readonly server: URL;
  /** Answers from memory for ten seconds; credentials that the API server rejected are loaded anew. */
  credentials(rejected?: ClusterCredentials): Promise<ClusterCredentials>;
}

interface AccessOptions {
  /** Path of a kubeconfig; without it, the credentials of the Pod that this process runs in. */
  readonly kubeconfig?: string | undefined;
}

const REUSE_MS = 10_000;

/** Reads a kubeconfig or the in-cluster credentials; token files and exec plugins are asked again as they expire. */
export function loadClusterAccess({ kubeconfig }: AccessOptions = {}): ClusterAccess {
  let config = loadConfig(kubeconfig);
  const server = serverOf(config, kubeconfig);
  let current: { readonly promise: Promise<ClusterCredentials>; readonly loadedAt: number } | undefined;
  let latest: ClusterCredentials | undefined;

  const load = async () => {
    const loaded = await readCredentials(config);
    // The same object as before as long as nothing changed, so that TLS sessions are reused.
    if (!latest || !isSame(latest, loaded)) latest = loaded;
    return latest;
  };
  return {
    server,
    credentials: (rejected) => {
      if (rejected !== undefined && rejected === latest) {
        config = loadConfig(kubeconfig);
        latest = undefined;
        current = undefined;
      }
      const now = performance.now();
      if (current && now - current.loadedAt < REUSE_MS) return current.promise;
      const promise = load();
      current = { promise, loadedAt: now };
      promise.catch(() => {
        if (current?.promise === promise) current = undefined;
      });
      return promise;
    },
  };
}

function loadConfig(kubeconfig: string | undefined): KubeConfig {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromCluster();
    else config.loadFromFile(kubeconfig);
  } catch (error) {
    throw toAccessError('KUBE_ACCESS_INVALID', `${nameOf(kubeconfig)} cannot be read`, error);
  }
  return config;
}

function serverOf(config: KubeConfig, kubeconfig: string | undefined): URL {
  const cluster = config.getCurrentCluster();
  if (!cluster || !URL.canParse(cluster.server) || cluster.server.includes('undefined')) {
    const hint = kubeconfig === undefined ? 'set KUBECONFIG, or run inside a cluster' : 'set its current-context';
    throw new HawserError('KUBE_ACCESS_INVALID', `${nameOf(kubeconfig)} names no API server: ${hint}`);
  }
  if (!config.getCurrentUser()) {
    throw new HawserError('KUBE_ACCESS_INVALID', `${nameOf(kubeconfig)} has no user in its current context`);
  }
  if (cluster.proxyUrl) {
    throw new HawserError('KUBE_ACCESS_INVALID', `${nameOf(kubeconfig)} sets proxy-url, which is not supported`);
  }
  return new URL(cluster.server);
}

async function readCredentials(config: KubeConfig): Promise<ClusterCredentials> {
  const options: Parameters<KubeConfig['applyToHTTPSOptions']>[0] & TlsOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw toAccessError('KUBE_CREDENTIALS_UNAVAILABLE', 'no credentials for the cluster', error);
  }
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value).trim();
  if (options.auth) headers.authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  const token = headers.authorization?.split(' ')[1];
  if (token) rememberSecret(token);
  const tls = Object.fromEntries(
    Object.entries({ ca, cert, key, servername, rejectUnauthorized }).filter(([, value]) => value !== undefined),
  );
  return { headers, tls };
}

function toAccessError(code: ErrorCode, what: string, cause: unknown): HawserError {
  return new HawserError(code, `${what}: ${messageOf(cause)}`, { cause });
}

function isSame(first: ClusterCredentials, second: ClusterCredentials): boolean {
  return JSON.stringify(first) === JSON.stringify(second);
}

function nameOf(kubeconfig: string | undefined): string {
  return kubeconfig === undefined ? 'the in-cluster configuration' : `the kubeconfig ${kubeconfig}`;
}
