import type { GitRepository } from '../model/git-repository.ts';
import type { KubeObject } from '../model/kube-object.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { sourceOf } from '../model/kustomization-source.ts';
import type { ObjectKey } from '../model/object-key.ts';

/** Where the custom resources are read from: a cache that follows the cluster, and the answers to our own writes. */
export interface Resources {
  gitRepository(name: ResourceName): GitRepository | undefined;
  kustomization(name: ResourceName): Kustomization | undefined;
  /** An OCIRepository, Bucket or ExternalArtifact. */
  artifactSource(kind: string, name: ResourceName): KubeObject | undefined;
  kustomizationsOf(source: ResourceName): readonly Kustomization[];
  gitRepositories(): readonly GitRepository[];
  /** Takes the answer to a write of ours, so that the next sync does not start from an older state. */
  remember(object: KubeObject): void;
}

export interface ResourceName {
  readonly namespace: string;
  readonly name: string;
}

interface ResourceCache {
  get(namespace: string, name: string): KubeObject | undefined;
  list(): readonly KubeObject[];
}

/** Puts our own writes before a cache that lags behind them by the time of a watch event. */
export function createResources(caches: {
  readonly gitRepositories: ResourceCache;
  readonly kustomizations: ResourceCache;
  readonly artifactSources: { get(kind: string, name: ResourceName): KubeObject | undefined };
}): Resources {
  const written = new Map<string, KubeObject>();
  const newest = (kind: ObjectKey['kind'], cached: KubeObject | undefined): KubeObject | undefined => {
    if (!cached) return undefined;
    const key = `${kind}/${cached.metadata.namespace}/${cached.metadata.name}`;
    const own = written.get(key);
    if (own && own.metadata.uid === cached.metadata.uid && versionOf(own) > versionOf(cached)) return own;
    written.delete(key);
    return cached;
  };
  const kustomizations = () =>
    caches.kustomizations.list().map((object) => newest('Kustomization', object) as Kustomization);
  return {
    gitRepository: ({ namespace, name }) =>
      newest('GitRepository', caches.gitRepositories.get(namespace, name)) as GitRepository | undefined,
    kustomization: ({ namespace, name }) =>
      newest('Kustomization', caches.kustomizations.get(namespace, name)) as Kustomization | undefined,
    artifactSource: (kind, name) => caches.artifactSources.get(kind, name),
    gitRepositories: () =>
      caches.gitRepositories.list().map((object) => newest('GitRepository', object) as GitRepository),
    kustomizationsOf: (source) => kustomizations().filter((kustomization) => isSourceOf(source, kustomization)),
    remember: (object) =>
      void written.set(`${object.kind}/${object.metadata.namespace}/${object.metadata.name}`, object),
  };
}

function isSourceOf(source: ResourceName, kustomization: Kustomization): boolean {
  const { kind, namespace, name } = sourceOf(kustomization);
  return kind === 'GitRepository' && namespace === source.namespace && name === source.name;
}

function versionOf(object: KubeObject): bigint {
  return BigInt(object.metadata.resourceVersion ?? '0');
}
