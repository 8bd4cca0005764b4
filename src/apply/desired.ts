import { HawserError } from '../errors/hawser-error.ts';
import { digestOf } from '../manifest/canonical-json.ts';
import { normalizeObject } from '../manifest/normalize-object.ts';
import { OWNER_PREFIX, withNamespace, withOwnerLabels } from '../manifest/owner-labels.ts';
import { formatSubject, identityOf, type KubeObject, type ObjectRef, refOf } from '../model/kube-object.ts';

/** One object as it shall be, ready to be sent. */
export interface DesiredObject {
  readonly ref: ObjectRef;
  readonly identity: string;
  readonly object: KubeObject;
  /** Digest of the payload: equal to the record's `sentHash` while nothing has changed. */
  readonly hash: string;
}

/** Whether the API server serves a kind, and whether its objects live in namespaces. */
export type KindScope = (ref: ObjectRef) => { readonly namespaced: boolean } | undefined;

/** Turns rendered objects into payloads: normalised, in the right scope, labelled with their owner. Pure. */
export function toDesiredObjects(
  objects: readonly KubeObject[],
  owner: { readonly name: string; readonly namespace: string },
  scopeOf: KindScope,
): DesiredObject[] {
  return objects.map((rendered) => {
    const scope = scopeOf(refOf(rendered));
    const object = withOwnerLabels(normalizeObject(inScope(rendered, scope)), owner);
    const ref = refOf(object);
    return { ref, identity: identityOf(ref), object, hash: digestOf(object) };
  });
}

function inScope(object: KubeObject, scope: { readonly namespaced: boolean } | undefined): KubeObject {
  if (!scope) return object;
  if (!scope.namespaced) return object.metadata.namespace === undefined ? object : withNamespace(object, '');
  if (object.metadata.namespace) return object;
  throw new HawserError(
    'APPLY_INVALID',
    `${formatSubject(refOf(object))} has no namespace: set metadata.namespace in the manifest, or spec.targetNamespace of the Kustomization`,
  );
}

type Switch = 'reconcile' | 'ssa' | 'prune';

/** Reads one of Flux's per-object switches, an annotation or a label, in lower case. */
export function readSwitch(object: KubeObject, name: Switch): string | undefined {
  const key = `${OWNER_PREFIX}/${name}`;
  return (object.metadata.annotations?.[key] ?? object.metadata.labels?.[key])?.toLowerCase();
}

/** True for objects that their manifest tells Hawser to leave alone. */
export function isLeftAlone(object: KubeObject): boolean {
  return readSwitch(object, 'reconcile') === 'disabled' || readSwitch(object, 'ssa') === 'ignore';
}
