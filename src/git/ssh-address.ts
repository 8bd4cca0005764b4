import { HawserError } from '../errors/hawser-error.ts';

/** Where ssh connects to, and what it runs there. */
export interface SshAddress {
  readonly host: string;
  readonly port: string;
  readonly user: string;
  /** For the login shell of the remote side. */
  readonly command: string;
}

const DEFAULT_PORT = '22';
/** As everywhere where repositories are served over SSH. */
const DEFAULT_USER = 'git';
/** Neither may begin with a dash: ssh would take it for an option. */
const USER = /^[A-Za-z0-9_][A-Za-z0-9._+-]*$/;
const HOST = /^(?:[A-Za-z0-9_][A-Za-z0-9._-]*|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$/;

/** Takes an `ssh://` URL apart; throws SOURCE_URL_INVALID for what could mean anything else to ssh or to a shell. */
export function toSshAddress(url: string): SshAddress {
  const { protocol, hostname, port, username, password, pathname } = new URL(URL.canParse(url) ? url : 'ssh:');
  const host = hostname.replace(/^\[|\]$/g, '');
  if (protocol !== 'ssh:' || !HOST.test(host)) throw invalid('needs a host name, as in ssh://git@host/path');
  if (password !== '') throw invalid('holds a password: remove it, and name a Secret in spec.secretRef');
  const user = decode(username) || DEFAULT_USER;
  if (!USER.test(user)) throw invalid('holds a user name that is not allowed');
  return { host, port: port || DEFAULT_PORT, user, command: `git-upload-pack ${quote(toPath(pathname))}` };
}

function toPath(pathname: string): string {
  const path = decode(pathname).replace(/\/+$/, '');
  if (path === '' || /\p{Cc}/u.test(path)) throw invalid('needs the path of a repository, as in ssh://git@host/path');
  return path.startsWith('/~') ? path.slice(1) : path; // ~user/app is below a home directory
}

/** Quotes for a POSIX shell, and for csh, which reads `!` even within quotes. */
function quote(text: string): string {
  return `'${text.replace(/['!]/g, "'\\$&'")}'`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function invalid(problem: string): HawserError {
  return new HawserError('SOURCE_URL_INVALID', `spec.url ${problem}`);
}
