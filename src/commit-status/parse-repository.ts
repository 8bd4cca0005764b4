/** A repository as provider APIs name it. */
export interface RepositoryName {
  readonly owner: string;
  readonly name: string;
}

/** Where a repository's URL leads to. */
export interface RepositoryLocation {
  /** Lower case, without port. */
  readonly host: string;
  /** `https:` for a URL in ssh or scp form, whose web address can only be guessed. */
  readonly origin: string;
  /** Decoded, without `.git` at the end; at least one, none of which leads elsewhere. */
  readonly path: readonly string[];
}

const PART = /^[\w.-]+$/;
const SCP_FORM = /^(?:[^\s/:@]+@)?([^\s/:@]+):(?!\/\/)(.+)$/;

/** Reads host and path from a repository's URL (https, ssh or scp form); undefined if it has none. */
export function parseLocation(url: string): RepositoryLocation | undefined {
  const [, host, path] = SCP_FORM.exec(url) ?? [];
  const parsed = URL.parse(host === undefined ? url : `ssh://${host}/${path}`);
  const parts = decodeParts(parsed?.pathname ?? '');
  const last = parts?.pop()?.replace(/\.git$/i, '');
  if (!parsed || parsed.hostname === '' || !parts || !last) return undefined;
  parts.push(last);
  if (!parts.every(isSegment)) return undefined;
  const isWeb = parsed.protocol === 'https:' || parsed.protocol === 'http:';
  return {
    host: parsed.hostname.toLowerCase(),
    origin: isWeb ? parsed.origin : `https://${parsed.hostname.toLowerCase()}`,
    path: parts,
  };
}

/** Reads owner and name from a repository's URL; undefined if the path is not `owner/name`. */
export function parseRepository(url: string): RepositoryName | undefined {
  const [owner, name, ...rest] = parseLocation(url)?.path ?? [];
  if (owner === undefined || name === undefined || rest.length > 0) return undefined;
  return PART.test(owner) && PART.test(name) ? { owner, name } : undefined;
}

function decodeParts(pathname: string): string[] | undefined {
  const parts = pathname.split('/').filter((part) => part !== '');
  try {
    return parts.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

/** Dots alone, or a slash in disguise, would lead to another endpoint of the API. */
function isSegment(text: string): boolean {
  return text !== '' && !/^\.+$/.test(text) && !/[/\\\0]/.test(text);
}
