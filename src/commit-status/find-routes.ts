import type { AlertRoutes } from './alert-routes.ts';
import type { CreateReporter } from './create-reporters.ts';
import type { StatusCredentials } from './find-credentials.ts';
import { type ApiUrls, findProvider } from './find-provider.ts';
import type { StatusRoute, StatusSource, StatusSubject } from './status-route.ts';

/** Ways to post commit statuses. */
export interface StatusRoutes {
  /** Whether there may be any for a source's commits; asks nobody. */
  mayHave(source: StatusSource & { readonly url: string }): boolean;
  /**
   * The ones to try, in this order: Flux's Providers, the source's own credential, the configured one. Throws if there
   * is none because one could not be read.
   */
  find(subject: StatusSubject): Promise<readonly StatusRoute[]>;
}

interface Dependencies {
  readonly apiUrls: ApiUrls;
  readonly credentials: StatusCredentials;
  readonly createReporter: CreateReporter;
  /** Undefined where notification-controller posts the statuses of Providers itself. */
  readonly alerts: AlertRoutes | undefined;
}

export function createStatusRoutes({ apiUrls, credentials, createReporter, alerts }: Dependencies): StatusRoutes {
  const findConfigured = async ({ source, repositoryUrl }: StatusSubject): Promise<StatusRoute[]> => {
    const provider = findProvider(repositoryUrl, apiUrls);
    const apiUrl = provider && apiUrls[provider];
    if (provider === undefined || apiUrl === undefined) return [];
    const found = await credentials.find(source, provider);
    return found.map((credential) => ({
      provider,
      repositoryUrl,
      credential,
      reporter: createReporter(provider, { apiUrl, via: credential.via }),
    }));
  };
  return {
    mayHave(source) {
      const provider = findProvider(source.url, apiUrls);
      return (provider !== undefined && credentials.mayHave(source, provider)) || alerts?.mayHave(source.url) === true;
    },
    async find(subject) {
      const alerted = await alerts?.find(subject);
      if (!alerted) return await findConfigured(subject);
      if (alerted.isHeldBack) return [];
      const configured = await findConfigured(subject).catch((error: unknown) => {
        // The source's sync tells what is wrong with its Secret; here a Provider does as well.
        if (alerted.routes.length > 0) return [];
        throw error;
      });
      const routes = [...alerted.routes, ...configured];
      if (routes.length === 0 && alerted.problem !== undefined) throw alerted.problem;
      return routes;
    },
  };
}
