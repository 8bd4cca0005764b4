import type { KubeObject } from '../model/kube-object.ts';
import type { KustomizationSpec } from '../model/kustomization-spec.ts';

type Dependency = NonNullable<KustomizationSpec['dependsOn']>[number];

interface Name {
  readonly namespace: string;
  readonly name: string;
}

/** Whether a Kustomization is deployed from a source. */
export function isFedBy(kustomization: KubeObject, source: Name & { readonly kind: string }): boolean {
  const { sourceRef } = kustomization.spec as { sourceRef?: { kind?: string; name?: string; namespace?: string } };
  if (sourceRef?.kind !== source.kind || sourceRef.name !== source.name) return false;
  return (sourceRef.namespace ?? kustomization.metadata.namespace) === source.namespace;
}

/** The entry of `spec.dependsOn` by which a Kustomization names another one. */
export function findDependency({ metadata, spec }: KubeObject, other: Name): Dependency | undefined {
  const { dependsOn = [] } = spec as KustomizationSpec;
  return dependsOn.find(
    ({ name, namespace = metadata.namespace }) => name === other.name && namespace === other.namespace,
  );
}

/** The revision that a source has published. */
export function artifactOf(object: KubeObject | undefined): string | undefined {
  return (object?.status as { artifact?: { revision?: string } } | undefined)?.artifact?.revision;
}
