/**
 * Tokens of GitHub Apps: signs as the App, asks for a token of one installation, and keeps it while it lasts. Which
 * Secret holds the App's key, and what the token is used for, is left to others.
 */
import { createPrivateKey, createSign, type KeyObject } from 'node:crypto';
import { Octokit } from '@octokit/core';
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { Secret } from '../errors/secret.ts';
import type { Connection } from './connection.ts';
import { createTokenCache, type IssuedToken, toTokenId } from './create-token-cache.ts';

/** An App, and the installation that a token is for: by id, or by the user or organisation that installed it. */
export interface GitHubAppInstallation {
  readonly appId: string;
  readonly installationId?: string | undefined;
  readonly installationOwner?: string | undefined;
  /** PEM, as GitHub hands it out. */
  readonly privateKey: Secret;
  /** API of another GitHub than the configured one. */
  readonly apiUrl?: string | undefined;
  /** How that API is reached, where it takes an authority of one's own or a proxy. */
  readonly via?: Connection | undefined;
}

export interface GitHubAppTokens {
  /**
   * A token that lasts at least five minutes more. Throws CREDENTIALS_UNSUPPORTED where a person must correct key or
   * ids, CREDENTIALS_UNAVAILABLE while GitHub is away.
   */
  token(installation: GitHubAppInstallation): Promise<Secret>;
}

interface GitHubAppOptions {
  /** `https://api.github.com`, or `https://<host>/api/v3` for GitHub Enterprise. */
  readonly apiUrl: string;
  /** `fetch` over connections of such a kind. */
  readonly fetchVia: (via: Connection | undefined) => typeof fetch;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
const RENEWED_BEFORE_MS = 5 * 60_000;

/** Installation tokens, one request per installation and hour; whoever asks meanwhile shares it. */
export function createGitHubAppTokens({
  apiUrl,
  fetchVia,
  now = Date.now,
  timeoutMs = TIMEOUT_MS,
}: GitHubAppOptions): GitHubAppTokens {
  const cache = createTokenCache<Secret>(now);
  return {
    token: (installation) =>
      cache.get(identify(installation), () => requestToken({ apiUrl, fetchVia, now, timeoutMs }, installation)),
  };
}

/** The key counts: who knows only the ids of an App gets none of its tokens. */
function identify({
  appId,
  installationId,
  installationOwner,
  privateKey,
  apiUrl,
  via,
}: GitHubAppInstallation): string {
  return toTokenId([appId, installationId ?? '', installationOwner ?? '', apiUrl ?? '', privateKey.reveal()], via);
}

const SIGN_IN_ROUTE = 'POST /app/installations/{id}/access_tokens';

async function requestToken(
  { apiUrl, fetchVia, now, timeoutMs }: Required<GitHubAppOptions>,
  installation: GitHubAppInstallation,
): Promise<IssuedToken<Secret>> {
  const authorization = `Bearer ${signAsApp(installation, now())}`;
  const octokit = new Octokit({
    baseUrl: (installation.apiUrl ?? apiUrl).replace(/\/+$/, ''),
    userAgent: 'hawser',
    request: { signal: AbortSignal.timeout(timeoutMs), fetch: fetchVia(installation.via) },
  });
  const headers = { authorization };
  try {
    const id = installation.installationId ?? (await findInstallation(octokit, installation, headers));
    const { data } = await octokit.request(SIGN_IN_ROUTE, { id, headers });
    const expiresAt = Date.parse(data.expires_at);
    return { token: new Secret(data.token), renewAt: expiresAt - RENEWED_BEFORE_MS, expiresAt };
  } catch (error) {
    throw toError(installation, error);
  }
}

/** Organisations first; a user's own installation has a path of its own. */
async function findInstallation(
  octokit: Octokit,
  { installationOwner = '' }: GitHubAppInstallation,
  headers: { authorization: string },
): Promise<string> {
  const parameters = { owner: installationOwner, headers };
  const { data } = await octokit
    .request('GET /orgs/{owner}/installation', parameters)
    .catch((error: unknown) =>
      (error as { status?: number }).status === 404
        ? octokit.request('GET /users/{owner}/installation', parameters)
        : Promise.reject(error),
    );
  return String((data as { id: number }).id);
}

/** Clocks may differ by a minute; GitHub takes at most ten minutes. */
const ISSUED_BEFORE_S = 60;
const LASTS_S = 540;

/** A JSON Web Token by which the App proves to be itself (RFC 7519, RS256). */
function signAsApp(installation: GitHubAppInstallation, now: number): string {
  const seconds = Math.floor(now / 1_000);
  const claims = { iat: seconds - ISSUED_BEFORE_S, exp: seconds + LASTS_S, iss: installation.appId };
  const text = [{ alg: 'RS256', typ: 'JWT' }, claims].map(encode).join('.');
  return `${text}.${createSign('RSA-SHA256').update(text).sign(readKey(installation)).toString('base64url')}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function readKey({ appId, privateKey }: GitHubAppInstallation): KeyObject {
  try {
    const key = createPrivateKey(privateKey.reveal());
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch {
    // What OpenSSL says about a key helps nobody, and might quote it.
  }
  throw new HawserError(
    'CREDENTIALS_UNSUPPORTED',
    `the private key of GitHub App ${appId} is not an RSA key in PEM form: put the file that GitHub gave you into githubAppPrivateKey as it is`,
  );
}

function toError({ appId, installationId, installationOwner }: GitHubAppInstallation, error: unknown): HawserError {
  const name = `GitHub App ${appId}, installation ${installationId ?? `of ${installationOwner}`}`;
  const { status } = error as { status?: number };
  const problem = `${name}: no token: ${messageOf(error)}`;
  const hasAnswer = (error as { response?: unknown }).response !== undefined;
  if (hasAnswer && (status === 401 || status === 404 || status === 422)) {
    return new HawserError(
      'CREDENTIALS_UNSUPPORTED',
      `${problem}; correct githubAppID, githubAppInstallationID or githubAppPrivateKey, or install the App`,
      { cause: error },
    );
  }
  return new HawserError('CREDENTIALS_UNAVAILABLE', problem, { cause: error });
}
