import type { KubeObject } from '../model/kube-object.ts';
import type { ApplyContext } from './apply-object.ts';
import type { DesiredObject } from './desired.ts';
import { ignoreFields } from './ignore-fields.ts';
import { mayBeFor } from './ignore-rules.ts';

/** What to send of an object: all of it, but for fields that `spec.ignore` leaves to others, which costs a read. */
export async function readPayload(
  { client, ignore = [], signal }: Pick<ApplyContext, 'client' | 'ignore' | 'signal'>,
  { ref, object }: DesiredObject,
): Promise<KubeObject> {
  const rules = ignore.filter((rule) => mayBeFor(rule, object));
  if (rules.length === 0) return object;
  return ignoreFields(object, await client.get(ref, { signal, urgent: true }), rules);
}
