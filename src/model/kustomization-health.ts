import { type KubeObject, type ObjectRef, parseApiVersion } from './kube-object.ts';
import type { Kustomization } from './kustomization.ts';

const DEFAULT_API_VERSION = 'apps/v1';

/** Whether a Kustomization is ready only once objects are healthy. */
export function wantsHealth({ spec }: Pick<Kustomization, 'spec'> | KubeObject): boolean {
  const { wait, healthChecks } = spec as Kustomization['spec'];
  return wait === true || (healthChecks ?? []).length > 0;
}

/** The objects that `spec.healthChecks` names; they may be anybody's. `wait` makes them be ignored (Flux). */
export function healthChecksOf({ metadata, spec }: Pick<Kustomization, 'metadata' | 'spec'>): ObjectRef[] {
  if (spec.wait) return [];
  return (spec.healthChecks ?? []).map(({ apiVersion = DEFAULT_API_VERSION, kind, name, namespace }) => ({
    ...parseApiVersion(apiVersion),
    kind,
    namespace: namespace || metadata.namespace || '',
    name,
  }));
}
