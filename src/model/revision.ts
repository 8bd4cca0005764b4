/** A source's revision in Flux's form, `<ref>@sha1:<40 hex>`; for people and status fields. */
export interface Revision {
  /** Branch, tag, or full name of a ref, as the spec follows it; empty where only a commit is followed. */
  readonly ref: string;
  readonly sha: string;
}

const REVISION = /^(?:(.+)@)?sha1:([0-9a-f]{40})$/;
const LEGACY_REVISION = /^(.+)\/([0-9a-f]{40})$/;

/** 40 lower-case hex digits: the only form of a commit id that is understood. */
export function isSha(text: unknown): text is string {
  return typeof text === 'string' && /^[0-9a-f]{40}$/.test(text);
}

/** True for git's "no commit": the `before` of a created ref, the `after` of a deleted one. */
export function isZeroSha(sha: string): boolean {
  return /^0+$/.test(sha);
}

/** Writes `main@sha1:…`, or `sha1:…` where only a commit is followed. */
export function formatRevision({ ref, sha }: Revision): string {
  return ref === '' ? `sha1:${sha}` : `${ref}@sha1:${sha}`;
}

/** Reads `main@sha1:…`, `sha1:…` and the legacy `main/…`; anything else is undefined. */
export function parseRevision(text: string | undefined): Revision | undefined {
  const match = text === undefined ? null : (REVISION.exec(text) ?? LEGACY_REVISION.exec(text));
  const sha = match?.[2];
  return sha === undefined ? undefined : { ref: match?.[1] ?? '', sha };
}
