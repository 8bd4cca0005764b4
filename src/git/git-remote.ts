import { createHash } from 'node:crypto';
import type { GitCredentials } from '../credentials/git-credentials.ts';

/** Where a source comes from, how it is reached, and how long one operation against it may take. */
export interface GitRemote {
  /** `http://`, `https://` or `ssh://`. */
  readonly url: string;
  readonly credentials?: GitCredentials | undefined;
  readonly timeoutMs: number;
  /**
   * How long an ask for refs may wait for others of the same remote, to share their answer. Left out, it is urgent: it
   * goes out at once and alone, even where the server wants to be left alone for a while.
   */
  readonly patienceMs?: number | undefined;
}

/** A ref as the remote names it. */
export interface RemoteRef {
  /** In full: `refs/heads/main`. */
  readonly name: string;
  readonly sha: string;
  /** For an annotated tag, the commit that it names. */
  readonly peeled?: string;
}

/** The URL without password, query and trailing slashes, and but for SSH without user: what is requested, shown and compared. */
export function toPlainUrl(url: string): string {
  if (!URL.canParse(url)) return url;
  const { protocol, origin, username, host, pathname } = new URL(url);
  if (protocol === 'ssh:')
    return `ssh://${username === '' ? '' : `${username}@`}${host}${pathname}`.replace(/\/+$/, '');
  return origin === 'null' ? url : `${origin}${pathname}`.replace(/\/+$/, '');
}

/**
 * A digest that two remotes share when they are reached in the very same way: URL, authority, client certificate, proxy
 * and login. Only then may what one of them is told be used for the other.
 */
export function remoteIdentity({ url, credentials }: Pick<GitRemote, 'url' | 'credentials'>): string {
  return digest([toPlainUrl(url), connectionParts(credentials), loginParts(credentials)]);
}

/** A digest that two remotes share when their connections may be the same ones. */
export function connectionIdentity(credentials: GitCredentials | undefined): string {
  return digest(connectionParts(credentials));
}

function connectionParts(credentials: GitCredentials | undefined) {
  const { ca, clientCertificate, proxy } = credentials ?? {};
  return [
    ca,
    clientCertificate && [clientCertificate.certificate, clientCertificate.key.reveal()],
    proxy && [proxy.url, proxy.username, proxy.password?.reveal()],
  ];
}

function loginParts(credentials: GitCredentials | undefined) {
  const login = credentials?.login;
  switch (login?.kind) {
    case undefined:
      return [];
    case 'basic':
      return [login.kind, login.username, login.password.reveal()];
    case 'bearer':
    case 'github-app':
    case 'azure':
    case 'aws':
      return [login.kind, login.token.reveal()];
    case 'ssh':
      return [login.kind, login.identity.reveal(), login.passphrase?.reveal(), login.knownHosts];
  }
}

function digest(parts: unknown): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
