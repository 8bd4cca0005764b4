import { HawserError } from '../errors/hawser-error.ts';
import { formatSubject, identityOf, refOf } from '../model/kube-object.ts';
import type { LocatedObject } from './parse-manifests.ts';

/** Throws MANIFEST_INVALID naming both places if two objects have the same group, kind, namespace and name. */
export function requireUnique(objects: readonly LocatedObject[]): void {
  const seen = new Map<string, LocatedObject>();
  for (const located of objects) {
    const ref = refOf(located.object);
    const first = seen.get(identityOf(ref));
    if (first) {
      throw new HawserError(
        'MANIFEST_INVALID',
        `${formatSubject(ref)} is there twice: in ${placeOf(first)} and in ${placeOf(located)}; remove one`,
      );
    }
    seen.set(identityOf(ref), located);
  }
}

function placeOf(located: LocatedObject): string {
  return `${located.file} (document ${located.document})`;
}
