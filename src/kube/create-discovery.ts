import { HawserError } from '../errors/hawser-error.ts';
import type { KubeCaller } from './create-kube-caller.ts';
import type { Discovery, ResourceInfo } from './discovery.ts';

const ACCEPT = 'application/json;v=v2;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList';
const TIMEOUT_MS = 20_000;

export function createDiscovery(call: KubeCaller): Discovery {
  const core = createDocument(call, '/api');
  const groups = createDocument(call, '/apis');
  return {
    resolve: ({ group, version, kind }) =>
      (group === '' ? core : groups).find(
        (info) => info.kind === kind && info.group === group && (version === undefined || info.version === version),
      ),
    resolvePlural: ({ group, version, plural }) =>
      (group === '' ? core : groups).find(
        (info) => info.plural === plural && info.group === group && info.version === version,
      ),
    invalidate: () => {
      core.invalidate();
      groups.invalidate();
    },
  };
}

interface DiscoveryDocument {
  find(matches: (info: ResourceInfo) => boolean): Promise<ResourceInfo | undefined>;
  invalidate(): void;
}

/** One of the two documents of aggregated discovery, with its ETag. */
function createDocument(call: KubeCaller, path: string): DiscoveryDocument {
  let resources: readonly ResourceInfo[] = [];
  let etag: string | undefined;
  let hasLoaded = false;
  let isStale = false;
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  const load = async () => {
    isStale = false;
    try {
      const headers = etag === undefined ? { accept: ACCEPT } : { accept: ACCEPT, 'if-none-match': etag };
      const request = {
        method: 'GET',
        path,
        headers,
        isIdempotent: true,
        urgent: true,
        timeoutMs: TIMEOUT_MS,
      } as const;
      const response = await call(request);
      if (response.status === 304) return;
      resources = parseDiscovery(response.body);
      etag = response.headers.etag;
      hasLoaded = true;
    } catch (error) {
      isStale = true;
      throw error;
    }
  };
  const start = () => {
    running = load().finally(() => {
      running = undefined;
    });
    return running;
  };
  const startNext = () => {
    next = undefined;
    return start();
  };
  /** A request under way may have been answered before the question arose; all who ask meanwhile share the next one. */
  const reload = () => {
    if (running === undefined) return start();
    next ??= running.then(startNext, startNext);
    return next;
  };

  return {
    find: async (matches) => {
      if (!hasLoaded && running !== undefined) await running;
      const known = isStale ? undefined : resources.find(matches);
      if (known) return known;
      await reload();
      return resources.find(matches);
    },
    invalidate: () => {
      isStale = true;
    },
  };
}

interface GroupDiscoveryList {
  readonly kind?: string;
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly {
      readonly version: string;
      readonly resources?: readonly {
        readonly resource: string;
        readonly responseKind?: { readonly group?: string; readonly version?: string; readonly kind?: string };
        readonly scope?: string;
      }[];
    }[];
  }[];
}

/** Reads an APIGroupDiscoveryList; versions stay in the API server's order of preference. */
export function parseDiscovery(body: string): ResourceInfo[] {
  const list = JSON.parse(body) as GroupDiscoveryList;
  if (list.kind !== 'APIGroupDiscoveryList') {
    throw new HawserError('KUBE_ACCESS_INVALID', 'the API server is too old: Kubernetes 1.30 or newer is needed');
  }
  return (list.items ?? []).flatMap((item) =>
    (item.versions ?? []).flatMap(({ version, resources }) =>
      (resources ?? []).flatMap(({ resource, responseKind, scope }) => {
        if (!responseKind?.kind) return [];
        const group = item.metadata?.name ?? '';
        return [{ group, version, kind: responseKind.kind, plural: resource, namespaced: scope === 'Namespaced' }];
      }),
    ),
  );
}
