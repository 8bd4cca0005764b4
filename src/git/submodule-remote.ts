import { HawserError } from '../errors/hawser-error.ts';
import { hasCredentials } from '../model/repository-url.ts';
import type { GitRemote } from './git-remote.ts';
import { toSshAddress } from './ssh-address.ts';

/** `git@host:path`, as git reads it: no scheme, and a colon before any slash. */
const SCP = /^(?:([A-Za-z0-9_][A-Za-z0-9._+-]*)@)?([A-Za-z0-9_][A-Za-z0-9._-]*):(?!\/\/|:)(.+)$/;
const LONGEST_URL = 2_048;

/**
 * Where a submodule is fetched from, by what `.gitmodules` says of it: over HTTP or SSH only, relative URLs starting from
 * its parent's. The parent's login goes along to the same scheme, host and port, and nowhere else. Throws
 * GIT_SUBMODULE_INVALID for whatever could be anything else than an address.
 */
export function toSubmoduleRemote(parent: GitRemote, { path, url }: { path: string; url: string }): GitRemote {
  const fail = (problem: string) =>
    new HawserError('GIT_SUBMODULE_INVALID', `the URL of the submodule '${path}' ${problem}: correct .gitmodules`);
  if (url.length > LONGEST_URL || /[\p{Cc}\s]/u.test(url) || url.startsWith('-')) throw fail('is not allowed');
  const resolved = /^\.\.?\//.test(url) ? resolveRelative(parent.url, url) : toAbsolute(url);
  if (resolved === undefined) throw fail('leads out of the host of its parent');
  if (!/^(?:https?|ssh):\/\//i.test(resolved) || !URL.canParse(resolved)) {
    throw fail('is none of the forms https://…, http://…, ssh://… and user@host:path');
  }
  if (!isAddress(resolved)) throw fail('names no host that can be reached');
  if (hasCredentials(resolved)) throw fail('holds a user name or password');
  return { ...parent, url: resolved, credentials: toCredentials(parent, resolved) };
}

/** What ssh could take for an option, or a shell for a command, is refused where addresses are taken apart. */
function isAddress(url: string): boolean {
  if (!url.toLowerCase().startsWith('ssh:')) return true;
  try {
    toSshAddress(url);
    return true;
  } catch {
    return false;
  }
}

function toAbsolute(url: string): string {
  const [, user = 'git', host, path] = (url.includes('://') ? undefined : SCP.exec(url)) ?? [];
  return host === undefined ? url : `ssh://${user}@${host}/${path?.replace(/^\/+/, '')}`;
}

/** `../x` is beside the parent, as git has it; undefined if it leads above the host. */
function resolveRelative(parent: string, relative: string): string | undefined {
  const base = new URL(parent);
  const names = base.pathname.split('/').filter((name) => name !== '');
  for (const name of relative.split('/')) {
    if (name === '..' && names.pop() === undefined) return undefined;
    if (name !== '..' && name !== '.' && name !== '') names.push(name);
  }
  const user = base.username === '' ? '' : `${base.username}@`;
  return names.length === 0 ? undefined : `${base.protocol}//${user}${base.host}/${names.join('/')}`;
}

/** Elsewhere one is nobody; whom to trust and which proxy to use is no secret. */
function toCredentials({ url, credentials }: GitRemote, target: string): GitRemote['credentials'] {
  if (!credentials || hostOf(url) === hostOf(target)) return credentials;
  const { login: _, clientCertificate: __, ...rest } = credentials;
  return rest;
}

const SSH_PORT = '22';

function hostOf(url: string): string {
  const { protocol, hostname, port } = new URL(url);
  return `${protocol}//${hostname.toLowerCase()}:${port || (protocol === 'ssh:' ? SSH_PORT : '')}`;
}
