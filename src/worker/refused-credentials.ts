import type { StatusRoute } from '../commit-status/status-route.ts';

/** Remembers which credentials a provider has refused for a repository. */
export interface RefusedCredentials {
  add(route: StatusRoute): void;
  /** In their order, those that were refused of late left out; the last one is tried in any case. */
  order(routes: readonly StatusRoute[]): readonly { readonly route: StatusRoute; readonly isLast: boolean }[];
}

/** A token to read with may be given more rights meanwhile. */
const REFUSED_FOR_MS = 3_600_000;
const MOST_REFUSED = 10_000;

/** Many hosts ban who knocks too often with a wrong token, so none is shown at every push. */
export function createRefusedCredentials(now: () => Date): RefusedCredentials {
  const until = new Map<string, number>();
  const name = ({ credential, repositoryUrl }: StatusRoute) => `${credential.id} ${repositoryUrl}`;
  return {
    add(route) {
      const [oldest] = until.keys();
      if (until.size >= MOST_REFUSED && oldest !== undefined) until.delete(oldest);
      until.set(name(route), now().getTime() + REFUSED_FOR_MS);
    },
    order(routes) {
      const isRefused = (route: StatusRoute) => (until.get(name(route)) ?? 0) > now().getTime();
      const last = routes.at(-1);
      return routes
        .filter((route) => route === last || !isRefused(route))
        .map((route) => ({ route, isLast: route === last }));
    },
  };
}
