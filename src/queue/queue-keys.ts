import type { SyncKind } from '../model/object-key.ts';

/** The four queues; the names are BullMQ's, below the prefix. */
export const QUEUE_NAMES = ['delivery', 'source-sync', 'kustomization-sync', 'commit-status'] as const;
export type QueueName = (typeof QUEUE_NAMES)[number];

/** Each kind has a queue of its own: a source's sync must not wait behind hundreds of Kustomizations. */
export const SYNC_QUEUES = {
  GitRepository: 'source-sync',
  Kustomization: 'kustomization-sync',
} as const satisfies Record<SyncKind, QueueName>;

/** Where things lie in Redis. The braces of the prefix put all of it into one slot, so that scripts may touch it all. */
export interface QueueKeys {
  readonly prefix: string;
  /** Sorted set: when each key is to be looked at again, in milliseconds of Redis' clock. */
  readonly wake: string;
  /** When this Redis was first seen, in milliseconds of its clock: a flush makes it young again. */
  readonly born: string;
  /** Start of the hashes with what is asked of each key. */
  readonly pendingPrefix: string;
  pending(member: string): string;
  lease(member: string): string;
  seenDelivery(id: string): string;
  statusBucket(credentialId: string): string;
  statusHistory(credentialId: string): string;
  statusPause(credentialId: string): string;
  /** How often in a row a provider refused without saying for how long. */
  statusStrikes(credentialId: string): string;
}

export function createQueueKeys(prefix: string): QueueKeys {
  return {
    prefix,
    wake: `${prefix}:wake`,
    born: `${prefix}:born`,
    pendingPrefix: `${prefix}:pending:`,
    pending: (member) => `${prefix}:pending:${member}`,
    lease: (member) => `${prefix}:lease:${member}`,
    seenDelivery: (id) => `${prefix}:seen:${id}`,
    statusBucket: (credentialId) => `${prefix}:status-bucket:${credentialId}`,
    statusHistory: (credentialId) => `${prefix}:status-history:${credentialId}`,
    statusPause: (credentialId) => `${prefix}:status-pause:${credentialId}`,
    statusStrikes: (credentialId) => `${prefix}:status-strikes:${credentialId}`,
  };
}
