/**
 * Follows the ConfigMaps and Secrets that ask for it by the label `reconcile.fluxcd.io/watch: Enabled`, and asks for a
 * sync of the Kustomizations that take variables, keys or a kubeconfig from one that has changed (Flux 2.7).
 */
import type { Cache } from '../kube/create-cache.ts';
import type { KubeClient } from '../kube/kube-client.ts';
import { formatSubject, type KubeObject, refOf } from '../model/kube-object.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { keyOf } from '../model/object-key.ts';
import type { Queues } from '../queue/create-queues.ts';
import { insist } from './insist.ts';

interface FollowDeps {
  readonly client: Pick<KubeClient, 'watch'>;
  readonly kustomizations: Pick<Cache, 'list'>;
  /** The only namespace to watch; all if undefined. */
  readonly namespace: string | undefined;
  readonly queues: Pick<Queues, 'requestSyncs'>;
  readonly onError: (error: unknown) => void;
}

const WATCHED = 'reconcile.fluxcd.io/watch=Enabled';
const PLURALS = ['configmaps', 'secrets'];

export function followReferences(deps: FollowDeps): { stop(): Promise<void> } {
  const request = (object: KubeObject) => {
    const subject = formatSubject(refOf(object));
    const requests = deps.kustomizations
      .list()
      .filter((kustomization) => referencesOf(kustomization as Kustomization).includes(subject))
      .map((kustomization) => ({ key: keyOf('Kustomization', kustomization), cause: 'spec' as const }));
    if (requests.length > 0) void insist(() => deps.queues.requestSyncs(requests), deps.onError);
  };
  const watches = PLURALS.map((plural) => {
    const versions = new Map<string, string | undefined>();
    const take = (object: KubeObject) => {
      const subject = formatSubject(refOf(object));
      const { resourceVersion } = object.metadata;
      if (versions.get(subject) === resourceVersion) return;
      versions.set(subject, resourceVersion);
      request(object);
    };
    let isFirst = true;
    return deps.client.watch(
      { group: '', version: 'v1', plural, namespace: deps.namespace, labelSelector: WATCHED, metadataOnly: true },
      {
        onSnapshot: (items) => {
          // What stands there at the start is what the syncs will read; after a gap it may have changed.
          if (isFirst)
            for (const item of items) versions.set(formatSubject(refOf(item)), item.metadata.resourceVersion);
          else items.forEach(take);
          isFirst = false;
        },
        onEvent: (_type, object) => take(object),
      },
    );
  });
  return {
    async stop() {
      await Promise.all(watches.map((watch) => watch.stop()));
    },
  };
}

/** The ConfigMaps and Secrets that a Kustomization reads, as `<kind>/<namespace>/<name>`. Pure. */
export function referencesOf({ metadata, spec }: Kustomization): string[] {
  const names = [
    ...(spec.postBuild?.substituteFrom ?? []).map(({ kind, name }) => ({ kind, name })),
    ...(spec.decryption?.secretRef ? [{ kind: 'Secret', name: spec.decryption.secretRef.name }] : []),
    ...(spec.kubeConfig?.secretRef ? [{ kind: 'Secret', name: spec.kubeConfig.secretRef.name }] : []),
    ...(spec.kubeConfig?.configMapRef ? [{ kind: 'ConfigMap', name: spec.kubeConfig.configMapRef.name }] : []),
  ];
  return names.map(({ kind, name }) => formatSubject({ kind, name, namespace: metadata.namespace ?? '' }));
}
