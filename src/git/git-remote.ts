import type { Secret } from '../errors/secret.ts';

/** Where a source comes from, and how long one operation against it may take. */
export interface GitRemote {
  /** `http://` or `https://`. */
  readonly url: string;
  readonly credentials?: { readonly username: string; readonly password: Secret } | undefined;
  readonly timeoutMs: number;
}

/** A ref as the remote names it. */
export interface RemoteRef {
  /** In full: `refs/heads/main`. */
  readonly name: string;
  readonly sha: string;
  /** For an annotated tag, the commit that it names. */
  readonly peeled?: string;
}

/** The URL without user, password, query and trailing slashes: what is requested, shown and compared. */
export function toPlainUrl(url: string): string {
  if (!URL.canParse(url)) return url;
  const { origin, pathname } = new URL(url);
  return origin === 'null' ? url : `${origin}${pathname}`.replace(/\/+$/, '');
}
