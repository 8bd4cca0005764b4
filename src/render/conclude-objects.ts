import { createHash } from 'node:crypto';
import { toCanonicalJson } from '../manifest/canonical-json.ts';
import { normalizeObject } from '../manifest/normalize-object.ts';
import { withNamespace } from '../manifest/owner-labels.ts';
import type { LocatedObject } from '../manifest/parse-manifests.ts';
import { requireUnique } from '../manifest/require-unique.ts';
import { type KubeObject, parseApiVersion } from '../model/kube-object.ts';
import { isClusterScoped } from './cluster-scoped-kinds.ts';
import { createPause } from './pause.ts';
import { renderFailed } from './render-error.ts';
import type { RenderLimits } from './render-limits.ts';

/** The end of every render: unique objects for the cluster, in the shape that is sent, frozen, with their digest. */
export async function concludeObjects(
  finished: readonly LocatedObject[],
  limits: Pick<RenderLimits, 'objects'>,
  signal?: AbortSignal,
): Promise<{ readonly objects: readonly KubeObject[]; readonly digest: string }> {
  requireFew(finished, limits);
  requireDistinct(finished);
  const pause = createPause();
  const hash = createHash('sha256').update('[');
  const objects: KubeObject[] = [];
  for (const { object: built } of finished) {
    if (isKustomizationFile(built)) continue;
    const object = freeze(normalizeObject(built));
    hash.update(`${objects.length === 0 ? '' : ','}${toCanonicalJson(object)}`);
    objects.push(object);
    await pause(signal);
  }
  return { objects: Object.freeze(objects), digest: `sha256:${hash.update(']').digest('hex')}` };
}

/** Throws RENDER_FAILED beyond the limit: checked before anything is done with each object, too. */
export function requireFew(built: readonly LocatedObject[], limits: Pick<RenderLimits, 'objects'>): void {
  if (built.length <= limits.objects) return;
  throw renderFailed(`${built.length} objects; one Kustomization may hold at most ${limits.objects}`);
}

/** Throws MANIFEST_INVALID for two objects of one identity, as kustomize tells objects apart. */
export function requireDistinct(objects: readonly LocatedObject[]): void {
  requireUnique(objects.map(toIdentified));
}

/** No namespace is `default`, and cluster-scoped objects have none. */
function toIdentified(located: LocatedObject): LocatedObject {
  const { object } = located;
  const hasNamespace = object.metadata.namespace !== 'default' && !isClusterScoped(object);
  return hasNamespace ? located : { ...located, object: withNamespace(object, '') };
}

function isKustomizationFile(object: KubeObject): boolean {
  const { group } = parseApiVersion(object.apiVersion);
  return object.kind.toLowerCase() === 'kustomization' && group === 'kustomize.config.k8s.io';
}

/** Freezes plain data at any depth; what is frozen already is frozen throughout. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const item of Object.values(value)) freeze(item);
  return Object.freeze(value);
}
