/**
 * Whose identity in Azure a source shows to Azure DevOps: the one of a service account of its namespace, or Hawser's own.
 * Getting the token is left to azure-tokens.
 */
import type { AzureIdentity, AzureTokens } from './azure-tokens.ts';
import { type Connection, toConnection } from './connection.ts';
import {
  type CloudLogins,
  type FoundAccount,
  findAccount,
  identityUnavailable,
  invalidIdentity,
  listUnset,
  readOwnToken,
  refuseOwnAuthority,
  type WorkloadAccess,
} from './workload-identity.ts';

/** What Azure's webhook puts into the environment of a Pod; what is missing is undefined. */
export interface OwnAzureIdentity {
  readonly tenantId: string | undefined;
  readonly clientId: string | undefined;
  /** Path of a file with a token of Kubernetes. */
  readonly tokenFile: string | undefined;
}

interface Dependencies {
  readonly tokens: AzureTokens;
  readonly own: OwnAzureIdentity;
  readonly access: WorkloadAccess;
}

const AUDIENCE = 'api://AzureADTokenExchange';
const CLIENT_ID = 'azure.workload.identity/client-id';
const TENANT_ID = 'azure.workload.identity/tenant-id';
/** A GUID or a domain; it becomes a part of a URL. */
const ID = /^[0-9A-Za-z][0-9A-Za-z.-]{0,127}$/;

/** Finds tokens for sources with `provider: azure`. */
export function createAzureLogins(deps: Dependencies): CloudLogins {
  return {
    async token(owner, via) {
      requireAzureDevOps(owner.url ?? '');
      const account = await findAccount(deps.access, owner);
      const identity = account ? toIdentity(account) : toOwnIdentity(deps, via);
      return await deps.tokens.token({ ...identity, via: via && toConnection({ ca: via.ca }, via.proxy) });
    },
  };
}

const ORGANISATION_HOST = /^[a-z0-9][a-z0-9-]*\.visualstudio\.com$/;

function requireAzureDevOps(url: string): void {
  const { protocol, hostname, port } = URL.parse(url) ?? {};
  const isHost = hostname === 'dev.azure.com' || ORGANISATION_HOST.test(hostname ?? '');
  if (protocol === 'https:' && port === '' && isHost) return;
  throw invalidIdentity(
    `provider azure shows an identity of Azure to Azure DevOps only, which spec.url does not name: set it to https://dev.azure.com/… or https://<organisation>.visualstudio.com/…, or remove spec.provider`,
  );
}

function toOwnIdentity({ own, access }: Dependencies, via: Connection | undefined): AzureIdentity {
  refuseOwnAuthority(via);
  const { tenantId, clientId, tokenFile } = own;
  if (tenantId === undefined || clientId === undefined || tokenFile === undefined) {
    const unset = listUnset({
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: clientId,
      AZURE_FEDERATED_TOKEN_FILE: tokenFile,
    });
    throw identityUnavailable(
      `Hawser has no identity in Azure (unset: ${unset}): name an account in spec.serviceAccountName, or give Hawser's service account the annotation ${CLIENT_ID} and its Pod the label azure.workload.identity/use`,
    );
  }
  return {
    tenantId,
    clientId,
    holder: 'hawser',
    subject: `of Hawser's own service account`,
    setIn: 'AZURE_CLIENT_ID and AZURE_TENANT_ID',
    assertion: () => readOwnToken(access, 'AZURE_FEDERATED_TOKEN_FILE', tokenFile),
  };
}

function toIdentity({ title, holder, subject, annotations, issueToken }: FoundAccount): AzureIdentity {
  const { [CLIENT_ID]: clientId = '', [TENANT_ID]: tenantId = '' } = annotations;
  const wrong = Object.entries({ [CLIENT_ID]: clientId, [TENANT_ID]: tenantId }).filter(([, value]) => !ID.test(value));
  if (wrong.length > 0) {
    const names = wrong.map(([annotation]) => annotation).join(' and ');
    throw invalidIdentity(`${title} holds no id of Azure in ${names}: annotate it with what Azure shows`, 'retry');
  }
  const setIn = `${CLIENT_ID} and ${TENANT_ID} of ${title}`;
  return { tenantId, clientId, holder, subject, setIn, assertion: () => issueToken(AUDIENCE) };
}
