import type { GitHubAppTokens } from '../credentials/github-app.ts';
import { Secret } from '../errors/secret.ts';
import type { StatusCredential, StatusProvider } from './commit-status.ts';
import { toCredentialId, toInstallationId } from './credential-id.ts';

/** What is needed of a source to find out who may write about its commits. */
interface StatusSource {
  readonly namespace: string;
  readonly secretRef?: { readonly name: string } | undefined;
}

/** Finds the credentials for commit statuses. */
export interface StatusCredentials {
  /** Whether there may be any; asks nobody. */
  mayHave(source: StatusSource, provider: StatusProvider): boolean;
  /** The ones to try, in this order: the source's own, then the configured one. */
  find(source: StatusSource, provider: StatusProvider): Promise<readonly StatusCredential[]>;
}

interface Dependencies {
  /** The `data` of a Secret, still in base64; undefined if there is no such Secret. */
  readonly readSecret: (namespace: string, name: string) => Promise<Readonly<Record<string, string>> | undefined>;
  readonly gitHubApps: GitHubAppTokens;
  readonly tokens: Readonly<Partial<Record<StatusProvider, Secret>>>;
}

/** Credentials of sources' own Secrets, in Flux's keys, and those of the configuration. */
export function createStatusCredentials({ readSecret, gitHubApps, tokens }: Dependencies): StatusCredentials {
  const findOwn = async ({ namespace, secretRef }: StatusSource, provider: StatusProvider) => {
    if (!secretRef) return undefined;
    const data = (await readSecret(namespace, secretRef.name)) ?? {};
    return provider === 'github' && data.githubAppID ? await readApp(gitHubApps, data) : readToken(data);
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

async function readApp(gitHubApps: GitHubAppTokens, data: Data): Promise<StatusCredential | undefined> {
  const appId = decode(data.githubAppID);
  const privateKey = decode(data.githubAppPrivateKey);
  const installationId = decode(data.githubAppInstallationID);
  const installationOwner = decode(data.githubAppInstallationOwner);
  const installation = installationId ?? installationOwner;
  if (appId === undefined || privateKey === undefined || installation === undefined) return undefined;
  const apiUrl = decode(data.githubAppBaseURL);
  const app = { appId, installationId, installationOwner, privateKey: new Secret(privateKey), apiUrl };
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
function fromToken(secret: Secret): StatusCredential {
  const [, username, token] = /^([^:\s]+):(\S+)$/.exec(secret.reveal()) ?? [];
  if (username === undefined || token === undefined) return { id: toCredentialId(secret), token: secret };
  return { id: toCredentialId(secret), token: new Secret(token), username };
}

function decode(encoded: string | undefined): string | undefined {
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8').trim();
  return text === '' ? undefined : text;
}
