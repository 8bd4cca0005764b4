/** A file that is written by `scripts/generate.ts` and checked in. */
export interface GeneratedFile {
  /** Path below the repository's root. */
  readonly path: string;
  readonly content: string;
}
