/** A repository as provider APIs name it. */
export interface RepositoryName {
  readonly owner: string;
  readonly name: string;
}

const PART = /^[\w.-]+$/;
const SCP_FORM = /^(?:[^\s/:@]+@)?[^\s/:@]+:(?!\/\/)(.+)$/;

/** Reads owner and name from a repository's URL (https, ssh or scp form); undefined if the path is not `owner/name`. */
export function parseRepository(url: string): RepositoryName | undefined {
  const path = SCP_FORM.exec(url)?.[1] ?? URL.parse(url)?.pathname;
  const parts = (path ?? '').split('/').filter((part) => part !== '');
  const [owner, file] = parts;
  const name = file?.replace(/\.git$/i, '');
  if (parts.length !== 2 || !owner || !name || !isPart(owner) || !isPart(name)) return undefined;
  return { owner, name };
}

/** Dots alone would lead to another endpoint of the API. */
function isPart(text: string): boolean {
  return PART.test(text) && !/^\.+$/.test(text);
}
