/**
 * Follows the sources that other controllers keep (OCIRepository, Bucket, ExternalArtifact), as far as Kustomizations
 * refer to them and the cluster serves them, and asks for the Kustomizations of one whose artifact has changed.
 */
import { type Cache, createCache } from '../kube/create-cache.ts';
import type { KubeClient } from '../kube/kube-client.ts';
import { ARTIFACT_KINDS, type ArtifactSource } from '../model/artifact-source.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { sourceOf } from '../model/kustomization-source.ts';
import { keyOf } from '../model/object-key.ts';
import type { Queues } from '../queue/create-queues.ts';
import { artifactOf, isFedBy } from './feeds.ts';
import { insist } from './insist.ts';

interface FollowDeps {
  readonly client: Pick<KubeClient, 'watch' | 'discovery'>;
  readonly kustomizations: Pick<Cache, 'list' | 'onChange'>;
  /** The only namespace to watch; all if undefined. */
  readonly namespace: string | undefined;
  readonly queues: Pick<Queues, 'requestSyncs'>;
  readonly onError: (error: unknown) => void;
}

export interface ArtifactSourceFollowing {
  get(kind: string, name: { readonly namespace: string; readonly name: string }): KubeObject | undefined;
  stop(): Promise<void>;
}

const TRY_AGAIN_MS = 30_000;

export function followArtifactSources(deps: FollowDeps): ArtifactSourceFollowing {
  const caches = new Map<string, Cache | undefined>();
  let isStopped = false;

  const start = async (kind: (typeof ARTIFACT_KINDS)[number]) => {
    caches.set(kind.kind, undefined);
    const resource = await deps.client.discovery.resolve(kind);
    if (isStopped || !resource) return void caches.delete(kind.kind);
    const { group, version, plural } = resource;
    const cache = createCache(deps.client, { group, version, plural, namespace: deps.namespace });
    // Rejects only when it is stopped before its first list; nobody waits for it then.
    cache.synced.catch(() => undefined);
    cache.onChange((_type, object, previous) => request(object, previous));
    caches.set(kind.kind, cache);
  };
  const request = (object: KubeObject, previous: KubeObject | undefined) => {
    const revision = artifactOf(object);
    if (revision === undefined || publishedBy(object) === publishedBy(previous)) return;
    const source = { kind: object.kind, namespace: object.metadata.namespace ?? '', name: object.metadata.name };
    const requests = deps.kustomizations
      .list()
      .filter((kustomization) => isFedBy(kustomization, source))
      .map((kustomization) => ({
        key: keyOf('Kustomization', kustomization),
        cause: 'source' as const,
        revision,
      }));
    if (requests.length > 0) void insist(() => deps.queues.requestSyncs(requests), deps.onError);
  };
  const update = () => {
    const wanted = new Set(deps.kustomizations.list().map((object) => sourceOf(object).kind));
    for (const kind of ARTIFACT_KINDS) {
      if (!wanted.has(kind.kind) || caches.has(kind.kind)) continue;
      start(kind).catch((error: unknown) => {
        caches.delete(kind.kind);
        deps.onError(error);
      });
    }
  };
  const end = deps.kustomizations.onChange(update);
  const timer = setInterval(update, TRY_AGAIN_MS);
  timer.unref();
  update();
  return {
    get(kind, { namespace, name }) {
      // Somebody asks for it: its kind may be served by now.
      if (!caches.has(kind)) update();
      return caches.get(kind)?.get(namespace, name);
    },
    async stop() {
      isStopped = true;
      clearInterval(timer);
      end();
      await Promise.all([...caches.values()].map((cache) => cache?.stop()));
    },
  };
}

/** What is published anew under the same revision, with other rules of what to ignore or after a damage, is news too. */
function publishedBy(object: KubeObject | undefined): string | undefined {
  const { artifact } = (object as ArtifactSource | undefined)?.status ?? {};
  return artifact && `${artifact.revision} ${artifact.digest}`;
}
