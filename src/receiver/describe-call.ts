import type { PushOpening } from '../push-record/push-record.ts';
import type { CallDelivery } from '../queue/delivery.ts';

/** How the record of a call begins; ref and commits only if the call tells of exactly one push. */
export function describeCall({ call, receivedAt }: CallDelivery): PushOpening {
  const [push, another] = call.pushes;
  const heardAt = new Date(receivedAt).toISOString();
  const opening = { heard: 'webhook' as const, provider: call.provider, heardAt };
  if (!push) return opening;
  const { repository, ref, before, after } = push;
  return another ? { ...opening, repository } : { ...opening, repository, ref, before, after };
}
