import { formatSubject, type ObjectRef } from '../model/kube-object.ts';

/** What a sync did to one object; one that was deleted and created anew is `created`, as in Flux. */
export interface Change {
  readonly ref: ObjectRef;
  readonly action: 'created' | 'configured' | 'unchanged' | 'deleted' | 'skipped';
  /** What somebody should look at, such as a field that the API server does not know and has dropped. */
  readonly warnings?: readonly string[];
  /** What is worth knowing, such as that the object was created anew. */
  readonly notes?: readonly string[];
}

/** A line for each object that was touched, as Flux's events list them; empty if none was. */
export function describeChanges(changes: readonly Change[]): string {
  return changes
    .filter(({ action }) => action !== 'unchanged' && action !== 'skipped')
    .map(({ ref, action }) => `${formatSubject(ref)} ${action}`)
    .join('\n');
}
