import type { LocatedObject } from '../manifest/parse-manifests.ts';
import type { KubeObject } from '../model/kube-object.ts';

/** An object with this annotation is read by local tools only, unless it says `false`. */
const LOCAL_CONFIG = 'config.kubernetes.io/local-config';

/** Annotations in which kustomize and its relatives keep notes while they build. */
const BUILD_ANNOTATION =
  /^(?:internal\.config\.kubernetes\.io\/.*|config\.kubernetes\.io\/(?:index|path|origin)|config\.k8s\.io\/id|alpha\.config\.kubernetes\.io\/transformations)$/;

/**
 * What kustomize takes away at the end of a build that asked for no build metadata, for objects that were built in
 * process: local configuration, and its own notes.
 */
export function dropBuildMetadata(built: readonly LocatedObject[]): readonly LocatedObject[] {
  return built
    .filter(({ object }) => !isLocal(object))
    .map((located) => ({ ...located, object: withoutBuildAnnotations(located.object) }));
}

function isLocal(object: KubeObject): boolean {
  const local = object.metadata.annotations?.[LOCAL_CONFIG];
  return local !== undefined && local !== 'false';
}

function withoutBuildAnnotations(object: KubeObject): KubeObject {
  const before = Object.entries(object.metadata.annotations ?? {});
  const after = before.filter(([name]) => !BUILD_ANNOTATION.test(name));
  if (after.length === before.length) return object;
  const { annotations: _, ...metadata } = object.metadata;
  if (after.length === 0) return { ...object, metadata };
  return { ...object, metadata: { ...metadata, annotations: Object.fromEntries(after) } };
}
