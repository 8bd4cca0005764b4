import { type KubeObject, parseApiVersion } from '../model/kube-object.ts';

/** An object with this annotation is read by local tools only, unless it says `false`. */
const LOCAL_CONFIG = 'config.kubernetes.io/local-config';

/** Annotations in which kustomize and its relatives keep notes while they build. */
const BUILD_ANNOTATION =
  /^(?:internal\.config\.kubernetes\.io\/.*|config\.kubernetes\.io\/(?:index|path|origin)|config\.k8s\.io\/id|alpha\.config\.kubernetes\.io\/transformations)$/;

/** Whether an object is for the cluster: local configuration and kustomization files are not. */
export function isForCluster(object: KubeObject): boolean {
  if (object.kind === 'Kustomization' && parseApiVersion(object.apiVersion).group === 'kustomize.config.k8s.io') {
    return false;
  }
  const local = object.metadata.annotations?.[LOCAL_CONFIG];
  return local === undefined || local === 'false';
}

/** The object without annotations that a kustomize build takes away at its end. */
export function withoutBuildAnnotations(object: KubeObject): KubeObject {
  const before = Object.entries(object.metadata.annotations ?? {});
  const after = before.filter(([name]) => !BUILD_ANNOTATION.test(name));
  if (after.length === before.length) return object;
  const { annotations: _, ...metadata } = object.metadata;
  if (after.length === 0) return { ...object, metadata };
  return { ...object, metadata: { ...metadata, annotations: Object.fromEntries(after) } };
}
