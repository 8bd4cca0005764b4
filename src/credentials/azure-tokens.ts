/**
 * Access tokens of Microsoft Entra ID for Azure DevOps: trades a token of Kubernetes for one of a managed identity or an
 * application that trusts it. Whose identity that is, and what the token is used for, is left to others.
 * https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow (access token request with a
 * federated credential)
 */
import { Secret } from '../errors/secret.ts';
import { createTokenCache, type IssuedToken, toTokenId } from './create-token-cache.ts';
import { type CloudIdentity, exchangeToken } from './exchange-token.ts';
import { parseAzureError, parseAzureToken } from './parse-azure-answer.ts';
import type { IssuerAccess } from './post-form.ts';

/** Who is to be had a token for; his token of Kubernetes is for the audience `api://AzureADTokenExchange`. */
export interface AzureIdentity extends CloudIdentity {
  readonly tenantId: string;
  readonly clientId: string;
}

/** Access tokens for Azure DevOps. */
export interface AzureTokens {
  /**
   * A token with a fifth of its lifetime left at least, for Azure DevOps ends its own sessions before the token ends.
   * Throws CREDENTIALS_UNSUPPORTED where a person must correct something, CREDENTIALS_UNAVAILABLE while Entra ID is away.
   */
  token(identity: AzureIdentity): Promise<Secret>;
}

interface AzureTokensOptions extends IssuerAccess {
  /** `https://login.microsoftonline.com`, or the Entra ID of another cloud; without trailing slash. */
  readonly authorityUrl: string;
}

const TIMEOUT_MS = 10_000;
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
  return toTokenId([tenantId, clientId, holder], via);
}

function requestToken(options: Required<AzureTokensOptions>, identity: AzureIdentity): Promise<IssuedToken<Secret>> {
  const { clientId, tenantId, subject } = identity;
  return exchangeToken(options, {
    identity,
    title: `no token of Microsoft Entra ID for client ${clientId} of tenant ${tenantId}`,
    url: `${options.authorityUrl}/${tenantId}/oauth2/v2.0/token`,
    toForm: (assertion) => ({
      grant_type: 'client_credentials',
      client_id: clientId,
      scope: AZURE_DEVOPS_SCOPE,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    }),
    parse: (text, askedAt) => {
      const answer = parseAzureToken(text);
      return answer && { token: new Secret(answer.token), expiresAt: askedAt + answer.lifetimeS * 1_000 };
    },
    lacking: 'the answer holds no bearer token and its lifetime',
    parseError: parseAzureError,
    wayOut: `give the identity a federated credential with the issuer of this cluster, the subject ${subject} and the audience api://AzureADTokenExchange`,
  });
}
