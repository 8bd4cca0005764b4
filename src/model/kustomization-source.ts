import type { KubeObject } from './kube-object.ts';
import type { KustomizationSpec } from './kustomization-spec.ts';

/** Names the source of a Kustomization. */
export interface SourceName {
  readonly kind: KustomizationSpec['sourceRef']['kind'];
  readonly namespace: string;
  readonly name: string;
}

/** The source that `spec.sourceRef` names, in its namespace. */
export function sourceOf({ metadata, spec }: KubeObject): SourceName {
  const { kind, name, namespace } = (spec as KustomizationSpec).sourceRef;
  return { kind, name, namespace: namespace ?? metadata.namespace ?? '' };
}
