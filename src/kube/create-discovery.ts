import { HawserError } from '../errors/hawser-error.ts';
import type { KubeCaller } from './create-kube-caller.ts';
import type { Discovery, ResourceInfo } from './discovery.ts';
import { parseKubeJson } from './kube-json.ts';
import { toGroupUnavailableError } from './to-kube-error.ts';

const ACCEPT = 'application/json;v=v2;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList';
const TIMEOUT_MS = 20_000;

export function createDiscovery(call: KubeCaller): Discovery {
  const core = createDocument(call, '/api');
  const groups = createDocument(call, '/apis');
  const find = (wanted: GroupVersion, matches: (info: ResourceInfo) => boolean) =>
    (wanted.group === '' ? core : groups).find(wanted, matches);
  return {
    resolve: ({ group, version, kind }) => find({ group, version }, (info) => info.kind === kind),
    resolvePlural: ({ group, version, plural }) => find({ group, version }, (info) => info.plural === plural),
    invalidate: () => {
      core.invalidate();
      groups.invalidate();
    },
  };
}

/** Without a version, any version of the group. */
interface GroupVersion {
  readonly group: string;
  readonly version?: string | undefined;
}

interface DiscoveryDocument {
  /** Throws KUBE_UNAVAILABLE if nothing matches while the server behind such a version does not answer. */
  find(wanted: GroupVersion, matches: (info: ResourceInfo) => boolean): Promise<ResourceInfo | undefined>;
  invalidate(): void;
}

/** One of the two documents of aggregated discovery, with its ETag. */
function createDocument(call: KubeCaller, path: string): DiscoveryDocument {
  let document: ParsedDiscovery = { resources: [], unavailable: [] };
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
      document = parseDiscovery(response.body);
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
    find: async (wanted, matches) => {
      const findNow = () => document.resources.find((info) => isIn(info, wanted) && matches(info));
      if (!hasLoaded && running !== undefined) await running;
      const known = isStale ? undefined : findNow();
      if (known) return known;
      await reload();
      const found = findNow();
      const silent = found ? undefined : document.unavailable.find((candidate) => isIn(candidate, wanted));
      if (silent) throw toGroupUnavailableError(silent);
      return found;
    },
    invalidate: () => {
      isStale = true;
    },
  };
}

function isIn(candidate: Required<GroupVersion>, { group, version }: GroupVersion): boolean {
  return candidate.group === group && (version === undefined || candidate.version === version);
}

interface GroupDiscoveryList {
  readonly kind?: string;
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly {
      readonly version: string;
      /** `Stale` where the server behind an APIService does not answer. */
      readonly freshness?: string;
      readonly resources?: readonly {
        readonly resource: string;
        readonly responseKind?: { readonly group?: string; readonly version?: string; readonly kind?: string };
        readonly scope?: string;
      }[];
    }[];
  }[];
}

/** What an API server serves, and what it should serve but cannot ask the server in charge about. */
export interface ParsedDiscovery {
  readonly resources: readonly ResourceInfo[];
  readonly unavailable: readonly { readonly group: string; readonly version: string }[];
}

/** Reads an APIGroupDiscoveryList; versions stay in the API server's order of preference. */
export function parseDiscovery(body: string): ParsedDiscovery {
  const list = parseKubeJson<GroupDiscoveryList>(body);
  if (list.kind !== 'APIGroupDiscoveryList') {
    throw new HawserError('KUBE_ACCESS_INVALID', 'the API server is too old: Kubernetes 1.30 or newer is needed');
  }
  const versions = (list.items ?? []).flatMap(({ metadata, versions: served }) =>
    (served ?? []).map((entry) => ({ ...entry, group: metadata?.name ?? '' })),
  );
  return {
    resources: versions.flatMap(({ group, version, resources }) =>
      (resources ?? []).flatMap(({ resource, responseKind, scope }) => {
        if (!responseKind?.kind) return [];
        return [{ group, version, kind: responseKind.kind, plural: resource, namespaced: scope === 'Namespaced' }];
      }),
    ),
    unavailable: versions
      .filter(({ freshness }) => freshness === 'Stale')
      .map(({ group, version }) => ({ group, version })),
  };
}
