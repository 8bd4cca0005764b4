import { digestOf } from '../manifest/canonical-json.ts';
import { normalizeObject } from '../manifest/normalize-object.ts';
import { withNamespace } from '../manifest/owner-labels.ts';
import type { LocatedObject } from '../manifest/parse-manifests.ts';
import { requireUnique } from '../manifest/require-unique.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { isClusterScoped } from './cluster-scoped-kinds.ts';
import { isForCluster, withoutBuildAnnotations } from './drop-build-metadata.ts';
import { renderFailed } from './render-error.ts';
import type { RenderLimits } from './render-limits.ts';

/** The end of every render: unique objects for the cluster, in the shape that is sent, frozen, with their digest. */
export function concludeObjects(
  built: readonly LocatedObject[],
  limits: Pick<RenderLimits, 'objects'>,
): {
  readonly objects: readonly KubeObject[];
  readonly digest: string;
} {
  if (built.length > limits.objects) {
    throw renderFailed(`${built.length} objects; one Kustomization may hold at most ${limits.objects}`);
  }
  requireUnique(built.map(toIdentified));
  const objects = built
    .map(({ object }) => object)
    .filter(isForCluster)
    .map((object) => freeze(normalizeObject(withoutBuildAnnotations(object))));
  return { objects: Object.freeze(objects), digest: `sha256:${digestOf(objects)}` };
}

/** As kustomize tells objects apart: no namespace is `default`, and cluster-scoped objects have none. */
function toIdentified(located: LocatedObject): LocatedObject {
  const { object } = located;
  const hasNamespace = object.metadata.namespace !== 'default' && !isClusterScoped(object);
  return hasNamespace ? located : { ...located, object: withNamespace(object, '') };
}

/** Freezes plain data at any depth; what is frozen already is frozen throughout. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const item of Object.values(value)) freeze(item);
  return Object.freeze(value);
}
