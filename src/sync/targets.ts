/**
 * Where Kustomizations are deployed to, and as whom: this cluster or a remote one, as Hawser or as a service account.
 * What is known of applied objects belongs to a cluster, so each has a record of its own.
 */
import type { Fight } from '../apply/fights.ts';
import type { LiveObjects } from '../apply/live-objects.ts';
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import type { ClusterPool, RemoteCluster } from '../kube/create-cluster-pool.ts';
import type { KubeClient } from '../kube/kube-client.ts';
import { impersonationOf } from '../kube/service-account.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { formatKey, keyOf } from '../model/object-key.ts';

/** A cluster that Kustomizations are deployed to. */
export interface TargetCluster {
  /** Empty for the cluster that Hawser's custom resources are in. */
  readonly id: string;
  /** Hawser's own identity there: it watches. */
  readonly client: KubeClient;
  readonly live: LiveObjects;
  /** Whether this cluster is where a Kustomization is deployed to. */
  readonly holds: (kustomization: Kustomization) => boolean;
}

/** What a sync writes through. */
export interface Target extends Pick<TargetCluster, 'client' | 'live'> {
  /** Hawser's own identity in the same cluster. */
  readonly own: KubeClient;
  /** The account that `client` acts as; undefined for Hawser itself. */
  readonly serviceAccount: ServiceAccount | undefined;
}

interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
}

export interface Targets {
  readonly local: TargetCluster;
  /** Once the local cluster's applied objects have been listed: what is known spares the first syncs a look at each. */
  readonly listed: Promise<unknown>;
  /** Opens the target that a Kustomization's spec names; throws TARGET_UNAVAILABLE, TARGET_UNSUPPORTED, KUBE_ACCESS_INVALID. */
  open(kustomization: Kustomization, signal: AbortSignal): Promise<Target>;
  /** The objects of a Kustomization that somebody else changes again and again. */
  fightsOf(kustomization: Kustomization): readonly Fight[];
  /** The Kustomization is gone, or is deployed elsewhere from now on. */
  release(kustomization: Kustomization): void;
  stop(): Promise<void>;
}

interface TargetsOptions {
  /** The cluster of the custom resources. */
  readonly client: KubeClient;
  readonly pool: ClusterPool;
  readonly createLive: () => LiveObjects;
  /** Acts as this account where a Kustomization names none; undefined: as Hawser itself. */
  readonly defaultServiceAccount: string | undefined;
  /** Follows the applied objects of a cluster for as long as something is deployed there. */
  readonly follow: (cluster: TargetCluster) => { readonly listed: Promise<unknown>; stop(): Promise<void> };
  readonly onError: (error: unknown) => void;
}

interface OpenCluster {
  readonly cluster: TargetCluster;
  readonly users: Set<string>;
  readonly following: { stop(): Promise<void> };
}

export function createTargets(options: TargetsOptions): Targets {
  const { client, pool, createLive, follow, onError } = options;
  const local: TargetCluster = { id: '', client, live: createLive(), holds: ({ spec }) => !spec.kubeConfig };
  const localFollowing = follow(local);
  const remotes = new Map<string, OpenCluster>();

  const leave = (key: string, except?: string) => {
    for (const [id, { users, following }] of remotes) {
      if (id === except || !users.delete(key) || users.size > 0) continue;
      remotes.delete(id);
      following.stop().catch(onError);
    }
  };
  const enter = ({ id, client: remote }: RemoteCluster, key: string): TargetCluster => {
    const known = remotes.get(id);
    leave(key, id);
    if (known) {
      known.users.add(key);
      return known.cluster;
    }
    const users = new Set([key]);
    const holds = (kustomization: Kustomization) => users.has(formatKey(keyOf('Kustomization', kustomization)));
    const cluster = { id, client: remote, live: createLive(), holds };
    remotes.set(id, { cluster, users, following: follow(cluster) });
    return cluster;
  };
  return {
    local,
    listed: localFollowing.listed,
    async open(kustomization, signal) {
      const key = formatKey(keyOf('Kustomization', kustomization));
      const remote = kustomization.spec.kubeConfig && (await openRemote({ client, pool }, kustomization, signal));
      if (!remote) leave(key);
      pool.sweep();
      const cluster = remote ? enter(remote, key) : local;
      const serviceAccount = accountOf(kustomization, options.defaultServiceAccount);
      const acting = serviceAccount ? cluster.client.as(impersonationOf(serviceAccount)) : cluster.client;
      return { client: acting, own: cluster.client, live: cluster.live, serviceAccount };
    },
    fightsOf(kustomization) {
      const clusters = [local, ...[...remotes.values()].map(({ cluster }) => cluster)];
      const home = clusters.find(({ holds }) => holds(kustomization));
      return home?.live.fights.of(keyOf('Kustomization', kustomization)) ?? [];
    },
    release: (kustomization) => leave(formatKey(keyOf('Kustomization', kustomization))),
    async stop() {
      await Promise.all(
        [localFollowing, ...[...remotes.values()].map(({ following }) => following)].map((f) => f.stop()),
      );
      await pool.stop();
    },
  };
}

/** As Flux: the account named, else the default one, in the Kustomization's namespace. Pure. */
export function accountOf(
  { metadata, spec }: Kustomization,
  defaultServiceAccount: string | undefined,
): ServiceAccount | undefined {
  const name = spec.serviceAccountName || defaultServiceAccount;
  return name ? { namespace: metadata.namespace ?? '', name } : undefined;
}

interface RemoteDeps {
  readonly client: Pick<KubeClient, 'get'>;
  readonly pool: ClusterPool;
}

async function openRemote(
  { client, pool }: RemoteDeps,
  { metadata, spec }: Kustomization,
  signal: AbortSignal,
): Promise<RemoteCluster> {
  const { secretRef, configMapRef } = spec.kubeConfig ?? {};
  const namespace = metadata.namespace ?? '';
  const read = async (kind: 'Secret' | 'ConfigMap', name: string) => {
    const found = await client.get({ group: '', version: 'v1', kind, namespace, name }, { signal, urgent: true });
    if (found) return found.data as Record<string, string> | undefined;
    throw new HawserError(
      'TARGET_UNAVAILABLE',
      `unable to read spec.kubeConfig: ${kind}/${namespace}/${name} not found: create it in the namespace of the Kustomization`,
    );
  };
  const { kind, name } = secretRef
    ? { kind: 'Secret' as const, name: secretRef.name }
    : { kind: 'ConfigMap' as const, name: configMapRef?.name ?? '' };
  const title = `${kind}/${namespace}/${name}`;
  const data = await read(kind, name);
  const remote = secretRef
    ? pool.fromKubeconfig(kubeconfigOf(data, secretRef.key, title), title)
    : pool.fromTokenRequest(toTokenConfig(data, { namespace, name }));
  await requireAccess(remote, title);
  return remote;
}

/** Asks the cluster what it serves, which is known from then on: who is not let in is told what names the credentials. */
async function requireAccess({ client }: RemoteCluster, title: string): Promise<void> {
  try {
    await client.discovery.resolve({ group: '', version: 'v1', kind: 'Namespace' });
  } catch (error) {
    throw toAccessError(error, title);
  }
}

function toAccessError(error: unknown, title: string): HawserError {
  const disposition = error instanceof HawserError ? error.disposition : 'retry';
  return new HawserError('TARGET_UNAVAILABLE', `${title}: ${messageOf(error)}`, { cause: error, disposition });
}

const DEFAULT_KEYS = ['value', 'value.yaml'];

function kubeconfigOf(data: Record<string, string> | undefined, key: string | undefined, title: string): string {
  const keys = key ? [key] : DEFAULT_KEYS;
  const value = keys.map((name) => data?.[name]).find((text) => text);
  if (value) return Buffer.from(value, 'base64').toString('utf8');
  throw new HawserError('TARGET_UNAVAILABLE', `${title} holds no kubeconfig: it has no key '${keys.join("' or '")}'`);
}

/** Flux's keys of a ConfigMap for `spec.kubeConfig.configMapRef`. Pure. */
export function toTokenConfig(data: Record<string, string> | undefined, owner: { namespace: string; name: string }) {
  const title = `ConfigMap/${owner.namespace}/${owner.name}`;
  const { provider, address, serviceAccountName = 'default', audiences = '', 'ca.crt': ca } = data ?? {};
  if (provider !== 'generic') {
    throw new HawserError(
      'TARGET_UNSUPPORTED',
      `${title}: provider '${provider ?? ''}' is not supported: use the provider generic, or a kubeconfig in a Secret`,
    );
  }
  if (!address) throw new HawserError('TARGET_UNAVAILABLE', `${title} has no key 'address': the URL of the API server`);
  const list = audiences.split(/[\s,]+/).filter((audience) => audience !== '' && audience !== '-');
  return {
    address,
    ...(ca ? { ca } : {}),
    audiences: list.length > 0 ? list : [address],
    serviceAccount: { namespace: owner.namespace, name: serviceAccountName },
  };
}
