/**
 * From Kubernetes Secrets to credentials: which keys mean what, and what is said when they do not. Reading
 * Secrets is left to the caller (kube), using the credentials to git and commit-status.
 */
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import type { Secret } from '../errors/secret.ts';
import { type Connection, toConnection } from './connection.ts';
import type { GitHubAppInstallation, GitHubAppTokens } from './github-app.ts';
import { readGitHubApp } from './read-github-app.ts';
import { type HttpLogin, readHttpLogin } from './read-http-login.ts';
import { type GitProxy, readProxy } from './read-proxy.ts';
import { readSshLogin, type SshLogin } from './read-ssh-login.ts';
import { readTls } from './read-tls.ts';
import {
  createSecretData,
  type ReadSecret,
  type SecretData,
  type SecretName,
  type SecretPurpose,
} from './secret-data.ts';
import type { CloudLogins } from './workload-identity.ts';

/** How a Git remote is reached: who asks, whom to trust, through which proxy. */
export interface GitCredentials extends Connection {
  readonly login?: HttpLogin | SshLogin | undefined;
}

/** What is needed of a source to find its credentials. */
interface CredentialsOwner {
  readonly namespace: string;
  readonly secretRef?: { readonly name: string } | undefined;
  readonly proxySecretRef?: { readonly name: string } | undefined;
  readonly provider?: string | undefined;
  readonly serviceAccountName?: string | undefined;
  /** What is read of a Secret depends on whether this is an `ssh://` URL. */
  readonly url?: string | undefined;
}

/** Finds the credentials of sources. */
export interface Credentials {
  /** The credentials that a source refers to; undefined if it refers to none (anonymous access). */
  forGitRepository(owner: CredentialsOwner): Promise<GitCredentials | undefined>;
}

/** The providers that are clouds. */
type Cloud = 'azure' | 'aws';

interface Dependencies {
  readonly readSecret: ReadSecret;
  /** Exchanges a GitHub App's key for an installation's token, and keeps it while it lasts. */
  readonly appTokens?: GitHubAppTokens | undefined;
  /** Find the identities that sources show to clouds. */
  readonly cloudLogins?: Readonly<Record<Cloud, CloudLogins>> | undefined;
}

/** Flux's reason for a provider that does not fit its Secret. */
const PROVIDER_INVALID = 'InvalidProviderConfiguration';

/** Resolves the credentials of sources, reading the Secrets anew each time: a rotated one counts at once. */
export function createCredentials(deps: Dependencies): Credentials {
  const read = async (owner: CredentialsOwner, ref: { name: string } | undefined, purpose: SecretPurpose) => {
    if (!ref) return undefined;
    const secret = { namespace: owner.namespace, name: ref.name };
    return createSecretData(await readData(deps.readSecret, secret), secret, purpose);
  };
  return {
    async forGitRepository(owner) {
      refuseAccount(owner);
      const proxySecret = await read(owner, owner.proxySecretRef, 'proxy');
      const proxy = proxySecret && readProxyFor(proxySecret, owner);
      const secret = await read(owner, owner.secretRef, 'authentication');
      const credentials = await readCredentials(deps, secret, { owner, proxy });
      return proxy ? { ...credentials, proxy } : credentials;
    },
  };
}

async function readCredentials(
  deps: Dependencies,
  secret: SecretData | undefined,
  { owner, proxy }: { owner: CredentialsOwner; proxy: GitProxy | undefined },
): Promise<GitCredentials | undefined> {
  if (owner.provider === 'github') return readOfGitHubApp(deps, secret, proxy);
  if (isCloud(owner.provider)) return readOfCloud(deps, secret, { owner, cloud: owner.provider, proxy });
  if (isSsh(owner)) {
    if (secret) return { login: readSshLogin(secret) };
    throw new HawserError(
      'CREDENTIALS_UNSUPPORTED',
      `failed to configure authentication options: invalid 'ssh' auth option: 'identity' is required: name a Secret with the keys identity and known_hosts in spec.secretRef`,
    );
  }
  return secret && readOfHttp(secret);
}

function readOfHttp(secret: SecretData): GitCredentials {
  if (secret.text('githubAppID') !== undefined) {
    throw secret.complain('it has github app data but provider is not set to github', PROVIDER_INVALID);
  }
  const login = readHttpLogin(secret);
  const tls = readTls(secret);
  if (login) return { login, ...tls };
  if (tls.ca !== undefined || tls.clientCertificate) return tls;
  if (secret.has('identity'))
    throw secret.complain(`the key 'identity' (an SSH key) demands an ssh:// URL in spec.url`);
  throw secret.complain(
    'it holds no credentials: give it username and password, bearerToken, tls.crt and tls.key, or ca.crt',
  );
}

async function readOfGitHubApp(
  deps: Dependencies,
  secret: SecretData | undefined,
  proxy: GitProxy | undefined,
): Promise<GitCredentials> {
  const missing = 'secretRef with github app data must be specified when provider is set to github';
  if (!secret) {
    throw new HawserError('CREDENTIALS_UNSUPPORTED', missing, { reason: PROVIDER_INVALID, disposition: 'stalled' });
  }
  if (secret.text('githubAppID') === undefined) throw secret.complain(missing, PROVIDER_INVALID);
  const tls = readTls(secret);
  const app = { ...readGitHubApp(secret), via: toConnection(tls, proxy) };
  return { login: { kind: 'github-app', token: await fetchAppToken(deps, app, secret) }, ...tls };
}

async function fetchAppToken(
  { appTokens }: Dependencies,
  app: GitHubAppInstallation,
  secret: SecretData,
): Promise<Secret> {
  if (!appTokens) throw secret.complain('GitHub Apps are not supported here');
  return await toToken(() => appTokens.token(app));
}

/** The Secret, if there is one, says how the cloud is reached; who asks is said by the provider. */
async function readOfCloud(
  { cloudLogins }: Dependencies,
  secret: SecretData | undefined,
  { owner, cloud, proxy }: { owner: CredentialsOwner; cloud: Cloud; proxy: GitProxy | undefined },
): Promise<GitCredentials> {
  if (!cloudLogins) throw new HawserError('CREDENTIALS_UNSUPPORTED', `spec.provider: ${cloud} is not supported here`);
  const tls = secret ? readTls(secret) : {};
  const token = await toToken(() => cloudLogins[cloud].token(owner, toConnection(tls, proxy)));
  return { login: { kind: cloud, token }, ...tls };
}

function isCloud(provider: string | undefined): provider is Cloud {
  return provider === 'azure' || provider === 'aws';
}

async function toToken(ask: () => Promise<Secret>): Promise<Secret> {
  try {
    return await ask();
  } catch (error) {
    throw noToken(error);
  }
}

function noToken(cause: unknown): HawserError {
  const message = `failed to configure authentication options: ${messageOf(cause)}`;
  if (!(cause instanceof HawserError)) return new HawserError('CREDENTIALS_UNAVAILABLE', message, { cause });
  const { code, reason, disposition, retryAt } = cause;
  return new HawserError(code, message, { cause, reason, disposition, ...(retryAt && { retryAt }) });
}

function readProxyFor(secret: SecretData, owner: CredentialsOwner): GitProxy {
  if (isSsh(owner)) throw secret.complain('a proxy is used for http:// and https:// URLs only');
  return readProxy(secret);
}

function isSsh({ url }: CredentialsOwner): boolean {
  return url?.toLowerCase().startsWith('ssh:') ?? false;
}

/** The definition of v1 says so as well; older ones, and those of others, may not. */
function refuseAccount({ provider, serviceAccountName }: CredentialsOwner): void {
  if (!serviceAccountName || isCloud(provider)) return;
  throw new HawserError(
    'RESOURCE_INVALID',
    `serviceAccountName can only be set when provider is 'azure' or 'aws': remove spec.serviceAccountName, or set spec.provider`,
  );
}

async function readData(readSecret: Dependencies['readSecret'], secret: SecretName) {
  const { namespace, name } = secret;
  let data: Readonly<Record<string, string>> | undefined;
  try {
    data = await readSecret(namespace, name);
  } catch (error) {
    throw unavailable(secret, messageOf(error), error);
  }
  if (!data) throw unavailable(secret, `secrets "${name}" not found`);
  return data;
}

function unavailable(secret: SecretName, problem: string, cause?: unknown): HawserError {
  return new HawserError(
    'CREDENTIALS_UNAVAILABLE',
    `failed to get secret '${secret.namespace}/${secret.name}': ${problem}`,
    cause === undefined ? {} : { cause },
  );
}
