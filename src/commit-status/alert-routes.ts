import type { GitHubAppTokens } from '../credentials/github-app.ts';
import type { ReadSecret } from '../credentials/secret-data.ts';
import { messageOf } from '../errors/hawser-error.ts';
import type { Alert, Provider } from '../model/alert.ts';
import { parseDuration } from '../model/duration.ts';
import type { CreateReporter } from './create-reporters.ts';
import { findContexts } from './find-contexts.ts';
import { concerns, letsPass, type Matches } from './match-alerts.ts';
import { isSameRepository, isStatusType, readProviderAddress } from './provider-address.ts';
import { readProvider } from './read-provider.ts';
import type { StatusRoute, StatusSubject } from './status-route.ts';

interface AlertRoutesDeps {
  readonly alerts: () => readonly Alert[];
  readonly provider: (namespace: string, name: string) => Provider | undefined;
  readonly readSecret: ReadSecret;
  readonly gitHubApps: GitHubAppTokens;
  readonly createReporter: CreateReporter;
  readonly matches: Matches;
  readonly allowCrossNamespaceRefs: boolean;
  /** Names this process. */
  readonly instance: string;
  /** Told what a Provider lacks, each time that it would be used. */
  readonly warn: (provider: Provider, problem: string) => void;
}

/** What the cluster's Alerts say about a status. */
export interface AlertedRoutes {
  readonly routes: readonly StatusRoute[];
  /** Alerts concern what the status speaks about, and none of them lets it pass: it is not to be posted at all. */
  readonly isHeldBack: boolean;
  /** Why a Provider could not be used. */
  readonly problem?: unknown;
}

/** Ways to post by Flux's Alerts and their Providers. */
export interface AlertRoutes {
  /** Whether an Alert may concern what is deployed from this source; asks nobody. */
  mayHave(sourceUrl: string): boolean;
  find(subject: StatusSubject): Promise<AlertedRoutes>;
}

/** Finds the Providers of an object's Alerts whose address names the repository of its source. */
export function createAlertRoutes(deps: AlertRoutesDeps): AlertRoutes {
  const providerOf = ({ metadata, spec }: Alert): Provider | undefined => {
    const provider = deps.provider(metadata.namespace, spec.providerRef.name);
    return provider && !provider.spec.suspend && isStatusType(provider.spec.type) ? provider : undefined;
  };
  return {
    mayHave: (sourceUrl) =>
      deps.alerts().some((alert) => {
        const provider = alert.spec.suspend ? undefined : providerOf(alert);
        return provider !== undefined && mayName(provider, sourceUrl);
      }),
    async find(subject) {
      const ways = deps
        .alerts()
        .toSorted(compareNames)
        .filter((alert) => subject.about.some((object) => concerns(alert, object, deps)))
        .flatMap((alert) => {
          const provider = providerOf(alert);
          return provider && mayName(provider, subject.repositoryUrl) ? [{ alert, provider }] : [];
        });
      const passed = subject.corrects ? ways : ways.filter(({ alert }) => letsPass(alert, subject.said, deps.matches));
      const asked = new Set(passed.map(({ provider }) => nameOf(provider)));
      // Of several Alerts to a Provider always the same one, whatever they let pass: what it says may be in the context.
      const used = [...Map.groupBy(ways, ({ provider }) => nameOf(provider)).entries()].flatMap(([name, [first]]) =>
        first && asked.has(name) ? [first] : [],
      );
      const found = await Promise.all(used.map((way) => toRoute(deps, way, subject)));
      return {
        routes: found.flatMap(({ route }) => (route ? [route] : [])),
        isHeldBack: passed.length === 0 && ways.some(({ provider }) => provider.spec.address !== undefined),
        problem: found.find(({ problem }) => problem !== undefined)?.problem,
      };
    },
  };
}

function nameOf({ metadata }: Alert | Provider): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function compareNames(one: Alert, other: Alert): number {
  return nameOf(one) < nameOf(other) ? -1 : 1;
}

/** The Secret may name the repository instead. */
function mayName({ spec: { address } }: Provider, repositoryUrl: string): boolean {
  return address === undefined || isSameRepository(address, repositoryUrl);
}

/** An Alert, and the Provider that it points to. */
interface Way {
  readonly alert: Alert;
  readonly provider: Provider;
}

interface FoundRoute {
  readonly route?: StatusRoute;
  readonly problem?: unknown;
}

/** No route, and a warning, if the Provider lacks something. */
async function toRoute(deps: AlertRoutesDeps, { alert, provider }: Way, subject: StatusSubject): Promise<FoundRoute> {
  const { type, timeout } = provider.spec;
  try {
    const { address, credential } = await readProvider(deps, provider);
    const target = isSameRepository(address, subject.repositoryUrl) ? readProviderAddress(type, address) : undefined;
    if (!target) return {};
    const timeoutMs = parseDuration(timeout);
    const options = { apiUrl: target.apiUrl, via: credential.via, ...(timeoutMs ? { timeoutMs } : {}) };
    const reporter = deps.createReporter(target.provider, options);
    const { contexts, problem } = await findContexts({ provider, alert, subject, instance: deps.instance });
    if (problem !== undefined) deps.warn(provider, problem);
    return { route: { provider: target.provider, repositoryUrl: address, credential, reporter, contexts } };
  } catch (problem) {
    deps.warn(provider, messageOf(problem));
    return { problem };
  }
}
