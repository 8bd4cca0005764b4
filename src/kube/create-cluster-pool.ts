/**
 * Clients of remote clusters: one per cluster and credentials, however many Kustomizations deploy there.
 * Where the kubeconfig or the address comes from, and what is deployed, is decided elsewhere.
 */
import { createHash, scryptSync } from 'node:crypto';
import { HawserError } from '../errors/hawser-error.ts';
import { createKubeClient } from './create-kube-client.ts';
import { createTokenAccess } from './create-token-access.ts';
import type { KubeClient, KubeClientEvent } from './kube-client.ts';
import type { ClusterAccess, ClusterCredentials } from './load-cluster-access.ts';
import { checkTls, parseKubeconfig, toServerUrl } from './parse-kubeconfig.ts';
import { requestToken, type ServiceAccountRef } from './service-account.ts';

export interface ClusterPool {
  /** The client of the cluster that this kubeconfig names; the same one for the same content. Throws KUBE_ACCESS_INVALID naming `name`. */
  fromKubeconfig(text: string, name: string): RemoteCluster;
  /** The client of a cluster that trusts the local one's tokens; each is renewed before it expires. Throws KUBE_ACCESS_INVALID. */
  fromTokenRequest(config: TokenRequestConfig): RemoteCluster;
  /**
   * Forgets the clients without call, watch or request for one since `idleMs`. They have no connections left (those
   * close after a minute), so whoever still holds one may go on using it.
   */
  sweep(): void;
  /** Stops all clients, also those that were forgotten and are in use again; afterwards there are no new ones. */
  stop(): Promise<void>;
}

export interface RemoteCluster {
  /** The same cluster and credentials have the same id; a digest that is safe to log. */
  readonly id: string;
  readonly server: string;
  readonly client: KubeClient;
}

export interface TokenRequestConfig {
  /** URL of the API server. */
  readonly address: string;
  /** PEM; the system's authorities if absent. */
  readonly ca?: string;
  /** Who the token is for; the address if empty. */
  readonly audiences: readonly string[];
  readonly serviceAccount: ServiceAccountRef;
}

interface ClusterPoolOptions {
  /** The cluster that issues tokens. */
  readonly local: Pick<KubeClient, 'createSubresource'>;
  readonly observe?: (event: KubeClientEvent, cluster: Pick<RemoteCluster, 'id' | 'server'>) => void;
  /** 15 min. */
  readonly idleMs?: number;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

interface Member {
  readonly remote: RemoteCluster;
  /** Open watches and calls in flight. */
  uses: number;
  lastUsedAt: number;
}

const DEFAULT_IDLE_MS = 15 * 60_000;

export function createClusterPool(options: ClusterPoolOptions): ClusterPool {
  const { local, observe = () => {}, idleMs = DEFAULT_IDLE_MS, now = () => performance.now() } = options;
  const members = new Map<string, Member>();
  const inUse = new Set<Member>();
  let stopped: Promise<void> | undefined;

  const createMember = (id: string, access: ClusterAccess): Member => {
    const server = access.server.href;
    const beginUse = () => {
      member.uses += 1;
      inUse.add(member);
      return () => {
        member.uses -= 1;
        member.lastUsedAt = now();
        if (member.uses === 0) inUse.delete(member);
      };
    };
    const client = createKubeClient({ access, beginUse, observe: (event) => observe(event, { id, server }) });
    const member: Member = { remote: { id, server, client }, uses: 0, lastUsedAt: now() };
    return member;
  };
  const obtain = (id: string, createAccess: () => ClusterAccess): RemoteCluster => {
    if (stopped !== undefined) throw new HawserError('KUBE_UNREACHABLE', 'the clients of remote clusters were stopped');
    const member = members.get(id) ?? createMember(id, createAccess());
    members.set(id, member);
    member.lastUsedAt = now();
    return member.remote;
  };
  return {
    fromKubeconfig: (text, name) => {
      const { server, credentials } = parseKubeconfig(text, name);
      const access = { server, credentials: async () => credentials };
      return obtain(digest('kubeconfig', server.href, ...secretsOf(credentials, server)), () => access);
    },
    fromTokenRequest: (config) => {
      const access = toTokenAccess(local, config);
      const { namespace, name } = config.serviceAccount;
      const parts = [access.server.href, config.ca ?? '', namespace, name, ...audiencesOf(config)];
      return obtain(digest('token', ...parts), () => access);
    },
    sweep: () => {
      for (const [id, { uses, lastUsedAt }] of members) {
        if (uses === 0 && now() - lastUsedAt >= idleMs) members.delete(id);
      }
    },
    stop: () => {
      const all = new Set([...members.values(), ...inUse]);
      stopped ??= Promise.all([...all].map(({ remote }) => remote.client.stop())).then(() => {});
      return stopped;
    },
  };
}

function toTokenAccess(local: ClusterPoolOptions['local'], config: TokenRequestConfig): ClusterAccess {
  const { address, ca, serviceAccount } = config;
  const fail = (problem: string): never => {
    const message = `the cluster for ${serviceAccount.namespace}/${serviceAccount.name}: ${problem}`;
    throw new HawserError('KUBE_ACCESS_INVALID', message, { reason: 'ReconciliationFailed' });
  };
  const server = toServerUrl(address, (problem) => fail(`its address ${problem}`));
  if (ca !== undefined && !ca.includes('-----BEGIN ')) fail('its ca.crt is not PEM');
  const tls = checkTls(ca === undefined ? {} : { ca }, fail);
  const audiences = audiencesOf(config);
  return createTokenAccess({ server, tls, requestToken: () => requestToken(local, serviceAccount, audiences) });
}

/** A token for nobody in particular would be good for the local cluster, and must not be shown to another. */
function audiencesOf({ address, audiences }: TokenRequestConfig): readonly string[] {
  return audiences.length > 0 ? audiences : [address];
}

/** A password may be short enough to be guessed from a plain digest in a log; tokens and keys are not. */
function secretsOf({ headers, tls }: ClusterCredentials, server: URL): string[] {
  const { authorization = '' } = headers;
  const isPassword = authorization.startsWith('Basic ');
  const shown = isPassword ? scryptSync(authorization, server.href, 32).toString('hex') : authorization;
  return [shown, tls.ca, tls.cert, tls.key, tls.servername].map((part) => String(part ?? ''));
}

function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
