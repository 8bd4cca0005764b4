/**
 * Access tokens of Microsoft Entra ID for Azure DevOps: trades a token of Kubernetes for one of a managed identity or an
 * application that trusts it. Whose identity that is, and what the token is used for, is left to others.
 * https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow (access token request with a
 * federated credential)
 */
import { createHash } from 'node:crypto';
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { Secret } from '../errors/secret.ts';
import type { Connection } from './connection.ts';
import { createTokenCache, type IssuedToken } from './create-token-cache.ts';
import { parseAzureError, parseAzureToken } from './parse-azure-answer.ts';
import { type FormAnswer, type IssuerAccess, postForm } from './post-form.ts';

/** Who is to be had a token for, and how he proves to be himself. */
export interface AzureIdentity {
  readonly tenantId: string;
  readonly clientId: string;
  /** Tells apart whose token of Kubernetes is shown; nobody else gets what is held for him. */
  readonly holder: string;
  /** The same in words, as a federated credential names him. */
  readonly subject: string;
  /** Where a person corrects the two ids. */
  readonly setIn: string;
  /** The token of Kubernetes, for the audience `api://AzureADTokenExchange`. */
  readonly assertion: () => Promise<Secret>;
  /** How Entra ID is reached, where it takes an authority of one's own or a proxy. */
  readonly via?: Connection | undefined;
}

/** Access tokens for Azure DevOps. */
export interface AzureTokens {
  /**
   * A token with a fifth of its lifetime left at least. Throws CREDENTIALS_UNSUPPORTED where a person must correct
   * something, CREDENTIALS_UNAVAILABLE while Entra ID is away.
   */
  token(identity: AzureIdentity): Promise<Secret>;
}

interface AzureTokensOptions extends IssuerAccess {
  /** `https://login.microsoftonline.com`, or the Entra ID of another cloud; without trailing slash. */
  readonly authorityUrl: string;
}

const TIMEOUT_MS = 10_000;
/** The part of its lifetime after which a token is replaced; Azure DevOps ends its own sessions before the token ends. */
const RENEW_AFTER = 0.8;
/** The application that Azure DevOps is, the same in every tenant. */
const AZURE_DEVOPS_SCOPE = '499b84ac-1321-427f-aa17-267ca6975798/.default';

/** Tokens of Entra ID, one request per identity and lifetime; whoever asks meanwhile shares it. */
export function createAzureTokens({
  authorityUrl,
  fetchVia,
  now = Date.now,
  timeoutMs = TIMEOUT_MS,
}: AzureTokensOptions): AzureTokens {
  const cache = createTokenCache<Secret>(now);
  const options = { authorityUrl, fetchVia, now, timeoutMs };
  return { token: (identity) => cache.get(identify(identity), () => requestToken(options, identity)) };
}

function identify({ tenantId, clientId, holder, via }: AzureIdentity): string {
  const parts = [tenantId, clientId, holder, via?.ca ?? '', via?.proxy?.url ?? '', via?.proxy?.username ?? ''];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}

async function requestToken(
  options: Required<AzureTokensOptions>,
  identity: AzureIdentity,
): Promise<IssuedToken<Secret>> {
  const assertion = await identity.assertion();
  const askedAt = options.now();
  const said = await post(options, identity, assertion);
  if (said.status !== 200) throw toRefusal(identity, said);
  const answer = parseAzureToken(said.text);
  if (!answer) throw unavailable(identity, 'the answer holds no bearer token and its lifetime');
  const lifetimeMs = answer.lifetimeS * 1_000;
  return {
    token: new Secret(answer.token),
    renewAt: askedAt + lifetimeMs * RENEW_AFTER,
    expiresAt: askedAt + lifetimeMs,
  };
}

async function post(
  options: Required<AzureTokensOptions>,
  identity: AzureIdentity,
  assertion: Secret,
): Promise<FormAnswer> {
  const url = `${options.authorityUrl}/${identity.tenantId}/oauth2/v2.0/token`;
  const form = {
    grant_type: 'client_credentials',
    client_id: identity.clientId,
    scope: AZURE_DEVOPS_SCOPE,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  };
  try {
    return await postForm(options, { url, form, via: identity.via });
  } catch (error) {
    throw unavailable(identity, messageOf(error), { cause: error });
  }
}

/** Entra ID says what is wrong; what it does not say is where that is corrected. */
function toRefusal(identity: AzureIdentity, { status, text, retryAt }: FormAnswer): HawserError {
  const { isTransient, description } = parseAzureError(text);
  const said = `HTTP ${status}${description === '' ? '' : `: ${description}`}`;
  if (isTransient || status === 429 || status >= 500) {
    return unavailable(identity, said, retryAt ? { retryAt } : {});
  }
  return new HawserError(
    'CREDENTIALS_UNSUPPORTED',
    `${nameOf(identity)}: ${said}; correct ${identity.setIn}, or give the identity a federated credential with the issuer of this cluster, the subject ${identity.subject} and the audience api://AzureADTokenExchange`,
  );
}

function unavailable(
  identity: AzureIdentity,
  problem: string,
  details: { cause?: unknown; retryAt?: Date } = {},
): HawserError {
  return new HawserError('CREDENTIALS_UNAVAILABLE', `${nameOf(identity)}: ${problem}`, details);
}

function nameOf({ clientId, tenantId }: AzureIdentity): string {
  return `no token of Microsoft Entra ID for client ${clientId} of tenant ${tenantId}`;
}
