/**
 * The identity of a repository: host and path, without scheme, user, default port, `.git` and trailing slashes,
 * so that `https://github.com/Acme/App.git` and `git@github.com:acme/app` are one. Undefined if it is no URL.
 */
export function toRepositoryIdentity(url: string): string | undefined {
  const parsed = parseUrl(url);
  if (!parsed) return undefined;
  const path = decodePath(parsed.pathname)
    .replace(/\/+/g, '/')
    .replace(/\/$/, '')
    .replace(/\.git$/i, '')
    .replace(/^\//, '');
  if (path === '') return undefined;
  return `${parsed.host}/${path}`.toLowerCase();
}

/** True for a URL that carries a user or password: such a URL would show a credential in a custom resource. */
export function hasCredentials(url: string): boolean {
  const parsed = parseUrl(url);
  return parsed !== undefined && parsed.protocol !== 'ssh:' && (parsed.username !== '' || parsed.password !== '');
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'ssh:': '22', 'git:': '9418' };

function parseUrl(url: string) {
  const scp = /^([^\s/:@]+@)?([^\s/:@]+):(?!\/\/)(.+)$/.exec(url);
  try {
    const parsed = new URL(scp ? `ssh://${scp[1] ?? ''}${scp[2]}/${scp[3]}` : url);
    if (parsed.hostname === '') return undefined;
    const host = parsed.port === DEFAULT_PORTS[parsed.protocol] ? parsed.hostname : parsed.host;
    return {
      protocol: parsed.protocol,
      host,
      pathname: parsed.pathname,
      username: parsed.username,
      password: parsed.password,
    };
  } catch {
    return undefined;
  }
}

function decodePath(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}
