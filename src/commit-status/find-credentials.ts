import { type Connection, toConnection } from '../credentials/connection.ts';
import type { GitHubAppTokens } from '../credentials/github-app.ts';
import { readProxy } from '../credentials/read-proxy.ts';
import { readTls } from '../credentials/read-tls.ts';
import { createSecretData, type ReadSecret } from '../credentials/secret-data.ts';
import { Secret } from '../errors/secret.ts';
import type { StatusCredential, StatusProvider } from './commit-status.ts';
import { toCredentialId, toInstallationId } from './credential-id.ts';
import type { StatusSource } from './status-route.ts';

/** Finds the credentials for commit statuses. */
export interface StatusCredentials {
  /** Whether there may be any; asks nobody. */
  mayHave(source: StatusSource, provider: StatusProvider): boolean;
  /** The ones to try, in this order: the source's own, then the configured one. */
  find(source: StatusSource, provider: StatusProvider): Promise<readonly StatusCredential[]>;
}

interface Dependencies {
  readonly readSecret: ReadSecret;
  readonly gitHubApps: GitHubAppTokens;
  readonly tokens: Readonly<Partial<Record<StatusProvider, Secret>>>;
}

/** Credentials of sources' own Secrets, in Flux's keys, and those of the configuration. */
export function createStatusCredentials({ readSecret, gitHubApps, tokens }: Dependencies): StatusCredentials {
  const findOwn = async (source: StatusSource, provider: StatusProvider) => {
    const { namespace, secretRef } = source;
    if (!secretRef) return undefined;
    const data = (await readSecret(namespace, secretRef.name)) ?? {};
    const isApp = provider === 'github' && data.githubAppID !== undefined;
    if (!isApp && !readToken(data)) return undefined;
    const via = await readConnection(readSecret, source, data);
    const found = isApp ? await readApp(gitHubApps, data, via) : readToken(data);
    return found && { ...found, via };
  };
  return {
    mayHave: ({ secretRef }, provider) => tokens[provider] !== undefined || secretRef !== undefined,
    async find(source, provider) {
      const token = tokens[provider];
      const configured = token ? [fromToken(token)] : [];
      try {
        const own = await findOwn(source, provider);
        return own ? [own, ...configured] : configured;
      } catch (error) {
        // The source's sync tells what is wrong with its Secret; here another credential does as well.
        if (configured.length > 0) return configured;
        throw error;
      }
    },
  };
}

type Data = Readonly<Record<string, string>>;

/** The host is reached as the source's repository is. */
async function readConnection(
  readSecret: ReadSecret,
  { namespace, secretRef, proxySecretRef }: StatusSource,
  data: Data,
): Promise<Connection | undefined> {
  const tls = readTls(createSecretData(data, { namespace, name: secretRef?.name ?? '' }, 'authentication'));
  if (!proxySecretRef) return toConnection(tls, undefined);
  const proxyData = (await readSecret(namespace, proxySecretRef.name)) ?? {};
  return toConnection(tls, readProxy(createSecretData(proxyData, { namespace, name: proxySecretRef.name }, 'proxy')));
}

async function readApp(
  gitHubApps: GitHubAppTokens,
  data: Data,
  via: Connection | undefined,
): Promise<StatusCredential | undefined> {
  const appId = decode(data.githubAppID);
  const privateKey = decode(data.githubAppPrivateKey);
  const installationId = decode(data.githubAppInstallationID);
  const installationOwner = decode(data.githubAppInstallationOwner);
  const installation = installationId ?? installationOwner;
  if (appId === undefined || privateKey === undefined || installation === undefined) return undefined;
  const apiUrl = decode(data.githubAppBaseURL);
  const app = { appId, installationId, installationOwner, privateKey: new Secret(privateKey), apiUrl, via };
  return { id: toInstallationId(appId, installation), token: await gitHubApps.token(app) };
}

function readToken(data: Data): StatusCredential | undefined {
  const bearer = decode(data.bearerToken);
  if (bearer !== undefined) return fromToken(new Secret(bearer));
  const password = decode(data.password);
  const username = decode(data.username);
  // Beside an SSH key the password opens that key.
  if (password === undefined || username === undefined || data.identity !== undefined) return undefined;
  const token = new Secret(password);
  return { id: toCredentialId(token), token, username };
}

/** A configured token may name its user, as in `<user>:<token>`: Bitbucket's API tokens belong to one. */
export function fromToken(secret: Secret): StatusCredential {
  const [, username, token] = /^([^:\s]+):(\S+)$/.exec(secret.reveal()) ?? [];
  if (username === undefined || token === undefined) return { id: toCredentialId(secret), token: secret };
  return { id: toCredentialId(secret), token: new Secret(token), username };
}

function decode(encoded: string | undefined): string | undefined {
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8').trim();
  return text === '' ? undefined : text;
}
