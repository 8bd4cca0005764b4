import { z } from 'zod';
import { toRepositoryIdentity } from '../model/repository-url.ts';
import { isRefName } from './is-ref-name.ts';

const LONGEST_URL = 2_048;
const COMMIT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** No controls, no marks that turn the direction of text, no halves of characters. */
const READABLE = /^[^\p{C}]{1,512}$/u;

/** How many refs of one delivery are looked at; polling finds the others. */
export const MOST_REFS = 256;

/** Where Git answers on the port of HTTPS, for networks that let no other through. */
const SSH_OVER_443: Readonly<Record<string, string>> = {
  'github.com': 'ssh.github.com',
  'gitlab.com': 'altssh.gitlab.com',
  'bitbucket.org': 'altssh.bitbucket.org',
};

/** A commit id of SHA-1, or of SHA-256: an authentic delivery must not be refused for that. */
export const sha = z.string().regex(COMMIT_ID, 'must be a commit id of 40 hex digits');

/** A full ref name. */
export const ref = z.string().refine(isRefName, 'must be a full ref name such as refs/heads/main');

/** Some URL of the repository; one that is none is left out later. */
export const anyUrl = z.string().max(LONGEST_URL, 'must be a URL of at most 2048 characters');

/** A URL that names a repository. */
export const repositoryUrl = anyUrl.refine(
  (value) => toRepositoryIdentity(value) !== undefined,
  'must be the URL of a repository',
);

/** A name that is shown to people. */
export const text = z.string().regex(READABLE, 'must be readable text of at most 512 characters');

/** A list of which no more elements are looked at than needed, so that no length makes it costly. */
export function boundedList<Schema extends z.ZodType>(element: Schema) {
  return z.preprocess(
    (value) => (Array.isArray(value) ? value.slice(0, MOST_REFS + 1) : value),
    z.array(element, 'must be a list'),
  );
}

/** Every distinct URL by which a repository may be known, without what may be a credential. */
export function toRepositoryUrls(urls: readonly (string | null | undefined)[]): string[] {
  const known = urls.flatMap((url) => (url ? [withoutSecrets(url)] : []));
  const all = [...known, ...known.flatMap(toSshOver443)];
  return [...new Set(all)].filter((url) => toRepositoryIdentity(url) !== undefined);
}

/** A push is stored and shown, so user-info and query, which may hold credentials, go no further. */
function withoutSecrets(url: string): string {
  const parsed = URL.parse(url);
  if (!parsed || parsed.hostname === '') return url;
  parsed.password = '';
  if (parsed.protocol !== 'ssh:') parsed.username = '';
  parsed.search = '';
  parsed.hash = '';
  return parsed.href;
}

function toSshOver443(url: string): string[] {
  const identity = toRepositoryIdentity(url) ?? '';
  const slash = identity.indexOf('/');
  const host = SSH_OVER_443[identity.slice(0, slash)];
  return host === undefined ? [] : [`ssh://git@${host}:443${identity.slice(slash)}`];
}
