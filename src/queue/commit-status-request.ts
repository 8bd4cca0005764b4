import { z } from 'zod';
import { formatKey, type ObjectKey, SYNC_KINDS } from '../model/object-key.ts';

const Key = z.object({
  kind: z.enum(SYNC_KINDS),
  namespace: z.string(),
  name: z.string(),
}) satisfies z.ZodType<ObjectKey>;

/** A commit of a source has something to be told under a context; what, is read when it is posted. */
export const CommitStatusRequest = z.object({
  source: Key,
  sha: z.string(),
  context: z.string(),
  /** A result, not `pending`: goes before those in the queue. */
  final: z.boolean().optional(),
});
export interface CommitStatusRequest {
  readonly source: ObjectKey;
  readonly sha: string;
  readonly context: string;
  readonly final?: boolean | undefined;
}

/** What makes two requests the same. */
export function formatCommitStatusKey(request: Omit<CommitStatusRequest, 'final'>): string {
  return `${formatKey(request.source)}|${request.sha}|${request.context}`;
}
