import { type Connection, toConnection } from '../credentials/connection.ts';
import type { GitHubAppTokens } from '../credentials/github-app.ts';
import { readGitHubApp } from '../credentials/read-github-app.ts';
import { type GitProxy, readProxy } from '../credentials/read-proxy.ts';
import { readTls } from '../credentials/read-tls.ts';
import { createSecretData, type ReadSecret, type SecretData, type SecretPurpose } from '../credentials/secret-data.ts';
import { HawserError } from '../errors/hawser-error.ts';
import { Secret } from '../errors/secret.ts';
import type { Provider } from '../model/alert.ts';
import type { StatusCredential } from './commit-status.ts';
import { toCredentialId, toInstallationId } from './credential-id.ts';
import { fromToken } from './find-credentials.ts';

interface Dependencies {
  readonly readSecret: ReadSecret;
  readonly gitHubApps: GitHubAppTokens;
}

/** Where a Provider's statuses go, and as whom. */
export interface ReadProvider {
  /** The URL of a repository. */
  readonly address: string;
  readonly credential: StatusCredential;
}

/**
 * Reads a Provider with the Secrets that it names, in Flux's keys. Throws CREDENTIALS_UNAVAILABLE for a missing Secret,
 * CREDENTIALS_UNSUPPORTED for what it lacks.
 */
export async function readProvider(deps: Dependencies, provider: Provider): Promise<ReadProvider> {
  const { metadata, spec } = provider;
  const subject = `Provider/${metadata.namespace}/${metadata.name}`;
  const open = async (ref: { name: string } | undefined, purpose: SecretPurpose) => {
    if (!ref) return undefined;
    const name = { namespace: metadata.namespace, name: ref.name };
    const data = await deps.readSecret(name.namespace, name.name);
    if (data) return createSecretData(data, name, purpose);
    throw new HawserError('CREDENTIALS_UNAVAILABLE', `${subject}: secrets "${ref.name}" not found`);
  };
  const secret = await open(spec.secretRef, 'authentication');
  const certificates = await open(spec.certSecretRef, 'authentication');
  const proxySecret = await open(spec.proxySecretRef, 'proxy');
  const address = secret?.line('address') ?? spec.address;
  if (!secret || address === undefined) {
    throw new HawserError(
      'CREDENTIALS_UNSUPPORTED',
      `${subject}: commit statuses need ${secret ? 'spec.address' : 'a token: name its Secret in spec.secretRef'}`,
    );
  }
  const proxy = proxySecret ? readProxy(proxySecret) : readProxyUrl(secret.line('proxy') ?? spec.proxy);
  const via = toConnection(certificates ? readTls(certificates) : {}, proxy);
  return { address, credential: await readCredential(deps, { provider, secret, via }) };
}

interface Given {
  readonly provider: Provider;
  readonly secret: SecretData;
  readonly via: Connection | undefined;
}

async function readCredential(deps: Dependencies, { provider, secret, via }: Given): Promise<StatusCredential> {
  const { type, username: ofSpec } = provider.spec;
  if (type === 'github' && secret.text('githubAppID') !== undefined) {
    const app = readGitHubApp(secret);
    const id = toInstallationId(app.appId, app.installationId ?? app.installationOwner ?? '');
    return { id, token: await deps.gitHubApps.token({ ...app, via }), via };
  }
  const token = secret.line('token');
  if (token !== undefined) return { ...fromToken(new Secret(token)), via };
  const username = secret.line('username') ?? ofSpec;
  const password = secret.line('password');
  if (type !== 'bitbucketserver' || username === undefined || password === undefined) {
    throw secret.complain(`the key 'token' is missing or empty`);
  }
  const remembered = new Secret(password);
  return { id: toCredentialId(remembered), token: remembered, username, via };
}

/** The older form, user and password included. */
function readProxyUrl(text: string | undefined): GitProxy | undefined {
  const url = text === undefined ? null : URL.parse(text);
  if (!url || !['http:', 'https:', 'socks5:'].includes(url.protocol) || url.hostname === '') return undefined;
  const { protocol, host, username, password } = url;
  const login = { username: decodeURIComponent(username), password: new Secret(decodeURIComponent(password)) };
  return { url: `${protocol}//${host}`, ...(username !== '' && login) };
}
