import { isZeroSha } from '../model/revision.ts';
import type { MovedRef } from './to-parsed-delivery.ts';

/** An annotated tag names an object of its own; what a source follows is the commit behind it, where that is told. */
export function toTaggedCommit({ ref, before, after }: MovedRef, commit: string | null | undefined): MovedRef {
  const isTag = ref.startsWith('refs/tags/') && !isZeroSha(after);
  return { ref, before, after: isTag ? (commit ?? after) : after };
}
