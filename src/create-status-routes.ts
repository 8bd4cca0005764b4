import { hostname } from 'node:os';
import { createAlertRoutes } from './commit-status/alert-routes.ts';
import { createReporters } from './commit-status/create-reporters.ts';
import { createStatusCredentials } from './commit-status/find-credentials.ts';
import { createStatusRoutes, type StatusRoutes } from './commit-status/find-routes.ts';
import type { Config } from './config/load-config.ts';
import type { Connection } from './credentials/connection.ts';
import { createGitHubAppTokens, type GitHubAppTokens } from './credentials/github-app.ts';
import { OutOfTimeError, runBounded } from './expression/run-bounded.ts';
import { toRegExp } from './expression/to-regexp.ts';
import { createConnectionPools } from './git/connection-pools.ts';
import { createFetchVia } from './git/fetch-via.ts';
import type { KubeClient } from './kube/kube-client.ts';
import { readSecretData } from './kube/read-secret-data.ts';
import { type Provider, parseAlert, parseProvider } from './model/alert.ts';
import type { Logger } from './telemetry/create-logger.ts';
import { type AlertFollowing, followAlerts } from './watch/follow-alerts.ts';

interface RoutesDeps {
  readonly config: Pick<Config, 'commitStatus' | 'eventsUrl' | 'namespace' | 'tenancy'>;
  readonly logger: Logger;
  readonly client: KubeClient;
}

/** How commit statuses get to their hosts, and what is followed and kept open for that. */
export interface RunningRoutes {
  readonly routes: StatusRoutes;
  /** Tokens of GitHub Apps, which Git may use as well. */
  readonly gitHubApps: GitHubAppTokens;
  /** `fetch` over connections of such a kind, for whoever else issues tokens. */
  readonly fetchVia: (via: Connection | undefined) => typeof fetch;
  /** Resolves when Flux's Alerts and Providers are known. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

/** Wires the ways to post: by Flux's Providers, by sources' own credentials, by the configured tokens. */
export function startStatusRoutes({ config, logger, client }: RoutesDeps): RunningRoutes {
  const { apiUrls, tokens } = config.commitStatus;
  const pools = createConnectionPools();
  const fetchVia = createFetchVia(pools);
  const gitHubApps = createGitHubAppTokens({ apiUrl: apiUrls.github ?? 'https://api.github.com', fetchVia });
  const readSecret = (namespace: string, name: string) => readSecretData(client, namespace, name);
  const createReporter = createReporters((via) => pools.poolFor(via));
  // notification-controller posts the statuses of Providers itself.
  const following =
    config.eventsUrl === undefined
      ? followAlerts({
          client,
          namespace: config.namespace,
          onError: (error) => logger.warn({ err: error }, 'Alerts and Providers cannot be followed, will retry'),
        })
      : undefined;
  const alerts =
    following &&
    createAlertRoutes({
      ...readAs(following),
      readSecret,
      gitHubApps,
      createReporter,
      matches,
      allowCrossNamespaceRefs: config.tenancy.allowCrossNamespaceRefs,
      instance: hostname(),
      warn: createWarnings(logger),
    });
  const credentials = createStatusCredentials({ readSecret, gitHubApps, tokens });
  return {
    routes: createStatusRoutes({ apiUrls, credentials, createReporter, alerts }),
    gitHubApps,
    fetchVia,
    ready: following?.ready ?? Promise.resolve(),
    async stop() {
      await following?.stop();
      await pools.close();
    },
  };
}

function readAs(following: AlertFollowing) {
  return {
    alerts: () => following.alerts().flatMap((object) => parseAlert(object) ?? []),
    provider: (namespace: string, name: string) => parseProvider(following.provider(namespace, name)),
  };
}

const MOST_MATCH_MS = 50;

/** A tenant's expression may be malformed, or take for ever: then it matches nothing. */
function matches(expression: string, text: string): boolean {
  try {
    return runBounded(() => toRegExp(expression).test(text), MOST_MATCH_MS);
  } catch (error) {
    if (error instanceof OutOfTimeError || error instanceof SyntaxError) return false;
    throw error;
  }
}

const MOST_WARNINGS = 1_000;

/** Once for each state of a Provider and each problem. */
function createWarnings(logger: Logger) {
  const warned = new Set<string>();
  return ({ metadata }: Provider, problem: string) => {
    const { namespace, name, uid = '', generation = 0 } = metadata;
    const key = JSON.stringify([uid, generation, problem]);
    if (warned.has(key)) return;
    if (warned.size >= MOST_WARNINGS) warned.clear();
    warned.add(key);
    logger.warn({ object: `Provider/${namespace}/${name}`, error: problem }, 'a Provider lacks something');
  };
}
