import type { GitRepository } from '../model/git-repository.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { type Dependency, dependenciesOf } from '../model/kustomization-dependencies.ts';
import { sourceOf } from '../model/kustomization-source.ts';

interface Name {
  readonly namespace: string;
  readonly name: string;
}

/** Whether a Kustomization is deployed from a source. */
export function isFedBy(kustomization: KubeObject, source: Name & { readonly kind: string }): boolean {
  const { kind, namespace, name } = sourceOf(kustomization);
  return kind === source.kind && namespace === source.namespace && name === source.name;
}

/** The entry of `spec.dependsOn` by which a Kustomization names another one. */
export function findDependency(kustomization: KubeObject, other: Name): Dependency | undefined {
  return dependenciesOf(kustomization).find(
    ({ namespace, name }) => namespace === other.namespace && name === other.name,
  );
}

/** Whether a GitRepository includes another one, of its own namespace. */
export function isIncludedBy(source: KubeObject, other: Name): boolean {
  return source.metadata.namespace === other.namespace && includesOf(source).includes(other.name);
}

/** The names of the GitRepositories that one includes. */
export function includesOf(source: KubeObject): readonly string[] {
  const { include } = (source as GitRepository).spec ?? {};
  return (include ?? []).map(({ repository }) => repository.name);
}

/** The revision that a source has published. */
export function artifactOf(object: KubeObject | undefined): string | undefined {
  return (object?.status as { artifact?: { revision?: string } } | undefined)?.artifact?.revision;
}
