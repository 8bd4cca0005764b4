import type { StatusCredential } from '../commit-status/commit-status.ts';

/** Remembers which credentials a provider has refused for a repository. */
export interface RefusedCredentials {
  add(credential: StatusCredential, repositoryUrl: string): void;
  /** In their order, those that were refused of late left out; the last one is tried in any case. */
  order(
    credentials: readonly StatusCredential[],
    repositoryUrl: string,
  ): readonly { readonly credential: StatusCredential; readonly isLast: boolean }[];
}

/** A token to read with may be given more rights meanwhile. */
const REFUSED_FOR_MS = 3_600_000;
const MOST_REFUSED = 10_000;

/** Many hosts ban who knocks too often with a wrong token, so none is shown at every push. */
export function createRefusedCredentials(now: () => Date): RefusedCredentials {
  const until = new Map<string, number>();
  const name = ({ id }: StatusCredential, url: string) => `${id} ${url}`;
  return {
    add(credential, url) {
      const [oldest] = until.keys();
      if (until.size >= MOST_REFUSED && oldest !== undefined) until.delete(oldest);
      until.set(name(credential, url), now().getTime() + REFUSED_FOR_MS);
    },
    order(credentials, url) {
      const isRefused = (credential: StatusCredential) => (until.get(name(credential, url)) ?? 0) > now().getTime();
      const last = credentials.at(-1);
      return credentials
        .filter((credential) => credential === last || !isRefused(credential))
        .map((credential) => ({ credential, isLast: credential === last }));
    },
  };
}
