import type { Revision } from '../model/revision.ts';

/** The commit that a source's reference names now. */
export interface Tip extends Revision {
  /** In full, such as `refs/tags/v1.2.3`; undefined where the spec itself names the commit. */
  readonly fullRef: string | undefined;
  /** What the ref itself names, and hooks speak of: the tag object of an annotated tag, else the commit. */
  readonly object: string;
}
