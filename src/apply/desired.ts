import { HawserError } from '../errors/hawser-error.ts';
import { digestOf } from '../manifest/canonical-json.ts';
import { normalizeObject } from '../manifest/normalize-object.ts';
import { withNamespace, withOwnerLabels } from '../manifest/owner-labels.ts';
import { isPlainObject } from '../manifest/plain-object.ts';
import { formatSubject, identityOf, type KubeObject, type ObjectRef, refOf } from '../model/kube-object.ts';
import { hasSwitch, type Sighting } from './switches.ts';

/** One object as it shall be, ready to be sent. */
export interface DesiredObject {
  readonly ref: ObjectRef;
  readonly identity: string;
  readonly object: KubeObject;
  /** Digest of the payload: equal to the record's `sentHash` while nothing has changed. */
  readonly hash: string;
  /** What was left out of the payload although Git has it, and why. */
  readonly warnings?: readonly string[];
}

/** Whether the API server serves a kind, and whether its objects live in namespaces. */
export type KindScope = (ref: ObjectRef) => { readonly namespaced: boolean } | undefined;

/** Turns rendered objects into payloads: normalised, in the right scope, labelled with their owner. Pure. */
export function toDesiredObjects(
  objects: readonly KubeObject[],
  owner: { readonly name: string; readonly namespace: string },
  scopeOf: KindScope,
): DesiredObject[] {
  const desired = objects.map((rendered) => {
    const scope = scopeOf(refOf(rendered));
    const object = withOwnerLabels(normalizeObject(inScope(rendered, scope)), owner);
    const ref = refOf(object);
    const warnings = bundleOf(rendered) && !bundleOf(object) ? [BUNDLE_LEFT_OUT] : [];
    return { ref, identity: identityOf(ref), object, hash: digestOf(object), warnings };
  });
  refuseTwins(desired);
  return desired;
}

const CA_BUNDLE = ['spec', 'conversion', 'webhook', 'clientConfig', 'caBundle'];
const BUNDLE_LEFT_OUT = `${CA_BUNDLE.join('.')} holds no certificate and was left out: correct it, or remove it from the manifest`;

/** Normalising leaves out the placeholder of a definition's caBundle, which the API server would refuse. */
function bundleOf(object: KubeObject): unknown {
  if (object.kind !== 'CustomResourceDefinition') return undefined;
  return CA_BUNDLE.reduce<unknown>((value, name) => (isPlainObject(value) ? value[name] : undefined), object);
}

/** Manifests may differ in a namespace that their kind does not have: in the cluster they are one object. */
function refuseTwins(desired: readonly DesiredObject[]): void {
  const seen = new Set<string>();
  for (const { ref, identity } of desired) {
    if (seen.has(identity)) throw new HawserError('APPLY_INVALID', `${formatSubject(ref)} is there twice: remove one`);
    seen.add(identity);
  }
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

/** True for objects that their manifest tells Hawser to leave alone. */
export function isLeftAlone(object: KubeObject): boolean {
  return hasSwitch(object, 'reconcile', 'disabled') || hasSwitch(object, 'ssa', 'ignore');
}

/** True for an object that is there and is left as it is: the cluster says so, or Git wants it created only. */
export function isNotWritten({ object }: DesiredObject, sighting: Sighting | undefined): boolean {
  return sighting !== undefined && (sighting.isLeftAlone || hasSwitch(object, 'ssa', 'ifnotpresent'));
}
