import { createDiscovery } from './create-discovery.ts';
import { createKubeCaller, type KubeCaller } from './create-kube-caller.ts';
import { createRequestGate } from './create-request-gate.ts';
import { createTransport } from './create-transport.ts';
import type { Impersonation, KubeClient, KubeClientEvent, Watch } from './kube-client.ts';
import type { KubeContext } from './kube-context.ts';
import { createReads } from './kube-reads.ts';
import { createWrites } from './kube-writes.ts';
import type { ClusterAccess } from './load-cluster-access.ts';
import { startWatch } from './start-watch.ts';
import { KubeError } from './to-kube-error.ts';

interface KubeClientOptions {
  readonly access: ClusterAccess;
  /** Requests at a time, watches not counted; also the number of connections. 32. */
  readonly maxInFlight?: number;
  readonly userAgent?: string;
  /** Without a byte for so long, a watch is taken for half-open. 75 s, because bookmarks come every minute. */
  readonly watchSilenceMs?: number;
  readonly observe?: (event: KubeClientEvent) => void;
  /** Called when a call or a watch begins; what it answers is called when that has ended. */
  readonly beginUse?: () => () => void;
}

/** Creates a client of one cluster; nothing is sent before the first question. */
export function createKubeClient(options: KubeClientOptions): KubeClient {
  const { access, maxInFlight = 32, userAgent = 'hawser', watchSilenceMs = 75_000 } = options;
  const { observe = () => {}, beginUse = () => () => {} } = options;
  const transport = createTransport({ access, connections: maxInFlight, userAgent });
  const gate = createRequestGate(maxInFlight);
  const call = countUses(createKubeCaller({ transport, gate, server: access.server, observe }), beginUse);
  const discovery = createDiscovery(call);
  const shared = {
    server: access.server,
    call: forgetKindsNotServed(call, discovery),
    transport,
    discovery,
    observe,
    watchSilenceMs,
  };
  const watches = createWatches(beginUse);
  return createClientAs({ ...shared, headers: {} }, watches, async () => {
    await watches.stop();
    await transport.stop();
  });
}

function createClientAs(context: KubeContext, watches: Watches, stop: () => Promise<void>): KubeClient {
  const reads = createReads(context);
  return {
    discovery: context.discovery,
    ...reads,
    ...createWrites(context),
    watch: (query, handlers) => watches.keep(startWatch({ context, list: reads.list }, query, handlers)),
    as: (user) => createClientAs({ ...context, headers: toImpersonationHeaders(user) }, watches, async () => {}),
    stop,
  };
}

/** The open watches of a client and of the identities made from it. */
interface Watches {
  keep(watch: Watch): Watch;
  stop(): Promise<void>;
}

function createWatches(beginUse: () => () => void): Watches {
  const open = new Set<Watch>();
  let isStopped = false;
  return {
    keep: (watch) => {
      const endUse = beginUse();
      let ended: Promise<void> | undefined;
      const stop = () => {
        ended ??= watch.stop().finally(() => {
          open.delete(kept);
          endUse();
        });
        return ended;
      };
      const kept = { synced: watch.synced, stop };
      open.add(kept);
      // Over a stopped transport it would try for ever.
      if (isStopped) void stop();
      return kept;
    },
    stop: async () => {
      isStopped = true;
      await Promise.all([...open].map((watch) => watch.stop()));
    },
  };
}

function countUses(call: KubeCaller, beginUse: () => () => void): KubeCaller {
  return async (request) => {
    const endUse = beginUse();
    try {
      return await call(request);
    } finally {
      endUse();
    }
  };
}

function toImpersonationHeaders({ name, groups = [] }: Impersonation) {
  return { 'impersonate-user': name, ...(groups.length > 0 ? { 'impersonate-group': groups } : {}) };
}

/** A path that nobody serves, though discovery named it, shows that discovery is out of date. */
function forgetKindsNotServed(call: KubeCaller, discovery: { invalidate(): void }): KubeCaller {
  return async (request) => {
    try {
      return await call(request);
    } catch (error) {
      if (error instanceof KubeError && error.code === 'KUBE_KIND_NOT_SERVED') discovery.invalidate();
      throw error;
    }
  };
}
