/**
 * Turns the environment into one frozen object, and is the only reader of it. Every problem is told at once, by the
 * variable's name and without its value. What the settings do is the matter of those who are handed them.
 */
import { readFileSync } from 'node:fs';
import { HawserError } from '../errors/hawser-error.ts';
import type { Secret } from '../errors/secret.ts';
import { type Environment, environment, type ListenAddress, type LogLevel, type Role } from './environment.ts';
import { listVariables } from './list-variables.ts';

/** What is not configured is absent. */
type ByProvider<T> = Readonly<Partial<Record<'github' | 'gitlab' | 'gitea' | 'bitbucket' | 'azure-devops', T>>>;

/** All settings of a process. */
export interface Config {
  readonly roles: ReadonlySet<Role>;
  readonly public: ListenAddress;
  readonly internal: ListenAddress;
  readonly artifact: ListenAddress;
  /** Without trailing slash. */
  readonly externalUrl: string | undefined;
  /** Without trailing slash; undefined means: derive it from the address that the artifact listener got. */
  readonly artifactUrl: string | undefined;
  /** Absolute path. */
  readonly dataDir: string;
  readonly namespace: string | undefined;
  readonly concurrency: number;
  readonly logLevel: LogLevel;
  readonly kustomizePath: string;
  /** Where programs are looked up by name, as PATH has it. */
  readonly searchPath: string;
  readonly kubeconfig: string | undefined;
  readonly redisUrl: Secret | undefined;
  /** Hawser's identity in Azure, where it has one, and who issues tokens for Azure DevOps. */
  readonly azure: {
    readonly clientId: string | undefined;
    readonly tenantId: string | undefined;
    /** Path. */
    readonly tokenFile: string | undefined;
    /** Without trailing slash. */
    readonly authorityUrl: string;
  };
  /** The role of AWS that Hawser itself has, if it has one. */
  readonly aws: {
    readonly roleArn: string | undefined;
    /** Path. */
    readonly tokenFile: string | undefined;
  };
  /** What Kustomizations may do, and as whom. */
  readonly tenancy: {
    readonly defaultServiceAccount: string | undefined;
    readonly allowCrossNamespaceRefs: boolean;
  };
  readonly strictSubstitution: boolean;
  /** By provider; an empty list means that its webhooks are not taken. */
  readonly webhookSecrets: {
    readonly github: readonly Secret[];
    readonly gitlab: readonly Secret[];
    readonly gitlabSigning: readonly Secret[];
    readonly gitea: readonly Secret[];
    readonly bitbucket: readonly Secret[];
    readonly azureDevOps: readonly Secret[];
    readonly generic: readonly Secret[];
  };
  /** May trigger and read everything; empty: only tokens of Kubernetes may. */
  readonly triggerTokens: readonly Secret[];
  /** Where notification-controller takes events, without trailing slash. */
  readonly eventsUrl: string | undefined;
  /** Where and as whom commit statuses are posted. */
  readonly commitStatus: {
    /** By provider, without trailing slash. */
    readonly apiUrls: ByProvider<string>;
    readonly tokens: ByProvider<Secret>;
  };
}

type Env = Readonly<Record<string, string | undefined>>;

/** Reads and checks the environment, secrets from files included; throws CONFIG_INVALID that names every problem. */
export function loadConfig(env: Env): Config {
  const problems: string[] = [];
  const values = readValues(env, problems);
  const result = environment.safeParse(values);
  if (!result.success) {
    problems.push(...result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`));
  } else if (!result.data.HAWSER_ROLES.has('worker') && !result.data.REDIS_URL) {
    problems.push('REDIS_URL is missing: a process without the role worker needs a Redis that a worker reads too');
  }
  if (problems.length > 0 || !result.success) {
    throw new HawserError('CONFIG_INVALID', `The configuration is not valid: ${problems.join('; ')}`, {
      data: { problems },
    });
  }
  return toConfig(result.data, env.PATH ?? '');
}

/** The text of each variable; an empty one counts as unset, because charts and shells often leave them so. */
function readValues(env: Env, problems: string[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (const { name, secret } of listVariables()) {
    const file = secret ? env[`${name}_FILE`] : undefined;
    const text = isSet(file) ? readSecretFile(name, file, env, problems) : env[name];
    if (isSet(text)) values[name] = text;
  }
  return values;
}

function readSecretFile(name: string, path: string, env: Env, problems: string[]): string | undefined {
  if (isSet(env[name])) {
    problems.push(`${name} and ${name}_FILE are both set: remove one`);
    return undefined;
  }
  try {
    const text = readFileSync(path, 'utf8').trim();
    if (text === '') problems.push(`${name}_FILE names a file that is empty`);
    return text;
  } catch (error) {
    problems.push(`${name}_FILE names a file that cannot be read (${(error as NodeJS.ErrnoException).code})`);
    return undefined;
  }
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text.trim() !== '';
}

function toConfig(values: Environment, searchPath: string): Config {
  return Object.freeze({
    roles: values.HAWSER_ROLES,
    public: Object.freeze(values.HAWSER_PUBLIC_ADDR),
    internal: Object.freeze(values.HAWSER_INTERNAL_ADDR),
    artifact: Object.freeze(values.HAWSER_ARTIFACT_ADDR),
    externalUrl: values.HAWSER_EXTERNAL_URL,
    artifactUrl: values.HAWSER_ARTIFACT_URL,
    dataDir: values.HAWSER_DATA_DIR,
    namespace: values.HAWSER_NAMESPACE,
    concurrency: values.HAWSER_CONCURRENCY,
    logLevel: values.HAWSER_LOG_LEVEL,
    kustomizePath: values.HAWSER_KUSTOMIZE_PATH,
    searchPath,
    kubeconfig: values.KUBECONFIG,
    redisUrl: values.REDIS_URL,
    azure: Object.freeze({
      clientId: values.AZURE_CLIENT_ID,
      tenantId: values.AZURE_TENANT_ID,
      tokenFile: values.AZURE_FEDERATED_TOKEN_FILE,
      authorityUrl: values.AZURE_AUTHORITY_HOST,
    }),
    aws: Object.freeze({ roleArn: values.AWS_ROLE_ARN, tokenFile: values.AWS_WEB_IDENTITY_TOKEN_FILE }),
    tenancy: Object.freeze({
      defaultServiceAccount: values.HAWSER_DEFAULT_SERVICE_ACCOUNT,
      allowCrossNamespaceRefs: !values.HAWSER_NO_CROSS_NAMESPACE_REFS,
    }),
    strictSubstitution: values.HAWSER_STRICT_SUBSTITUTION,
    webhookSecrets: toWebhookSecrets(values),
    triggerTokens: Object.freeze(values.HAWSER_TRIGGER_TOKEN ?? []),
    eventsUrl: values.HAWSER_EVENTS_ADDR,
    commitStatus: toCommitStatus(values),
  });
}

function toCommitStatus(values: Environment): Config['commitStatus'] {
  const apiUrls = {
    github: values.HAWSER_GITHUB_API_URL,
    gitlab: values.HAWSER_GITLAB_API_URL,
    gitea: values.HAWSER_GITEA_API_URL,
    bitbucket: values.HAWSER_BITBUCKET_API_URL,
    'azure-devops': values.HAWSER_AZURE_DEVOPS_API_URL,
  };
  const tokens = {
    github: values.GITHUB_TOKEN,
    gitlab: values.GITLAB_TOKEN,
    gitea: values.GITEA_TOKEN,
    bitbucket: values.BITBUCKET_TOKEN,
    'azure-devops': values.AZURE_DEVOPS_TOKEN,
  };
  return Object.freeze({ apiUrls: Object.freeze(withoutUnset(apiUrls)), tokens: Object.freeze(withoutUnset(tokens)) });
}

function withoutUnset<T>(values: Readonly<Record<string, T | undefined>>): ByProvider<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function toWebhookSecrets(values: Environment): Config['webhookSecrets'] {
  return Object.freeze({
    github: Object.freeze(values.GITHUB_WEBHOOK_SECRET ?? []),
    gitlab: Object.freeze(values.GITLAB_WEBHOOK_TOKEN ?? []),
    gitlabSigning: Object.freeze(values.GITLAB_WEBHOOK_SIGNING_TOKEN ?? []),
    gitea: Object.freeze(values.GITEA_WEBHOOK_SECRET ?? []),
    bitbucket: Object.freeze(values.BITBUCKET_WEBHOOK_SECRET ?? []),
    azureDevOps: Object.freeze(values.AZURE_DEVOPS_WEBHOOK_TOKEN ?? []),
    generic: Object.freeze(values.HAWSER_WEBHOOK_SECRET ?? []),
  });
}
