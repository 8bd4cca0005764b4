import { formatSubject, type ObjectRef } from '../model/kube-object.ts';

/** What a sync did to one object. */
export interface Change {
  readonly ref: ObjectRef;
  readonly action: 'created' | 'configured' | 'unchanged' | 'deleted' | 'skipped';
  /** The API server's warnings, such as a field that it does not know and has dropped. */
  readonly warnings?: readonly string[];
}

/** A line for each object that was touched, as Flux's events list them; empty if none was. */
export function describeChanges(changes: readonly Change[]): string {
  return changes
    .filter(({ action }) => action !== 'unchanged' && action !== 'skipped')
    .map(({ ref, action }) => `${formatSubject(ref)} ${action}`)
    .join('\n');
}
