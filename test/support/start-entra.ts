import type { JsonWebKey } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { readAssertion } from './assertions.ts';
import { type Certificates, makeCertificates } from './make-certificates.ts';
import { readText } from './read-text.ts';

/** Whom an application or a managed identity trusts. */
export interface FederatedCredential {
  readonly tenantId: string;
  readonly clientId: string;
  readonly issuer: string;
  readonly subject: string;
}

/** How the server misbehaves; what is undefined does not happen. */
interface Faults {
  /** Answers this instead, to everything. */
  answer?: { readonly status: number; readonly headers?: Record<string, string>; readonly body: string } | undefined;
  /** Takes requests and says nothing. */
  silent?: boolean | undefined;
}

export interface Entra {
  /** `https://127.0.0.1:<port>`, known to nobody but who trusts the authority. */
  readonly url: string;
  readonly certificates: Certificates;
  /** What was asked, as `<method> <path>`. */
  readonly requests: readonly string[];
  /** Tokens of Kubernetes that were shown. */
  readonly assertions: readonly string[];
  /** Tokens given out so far. */
  readonly tokens: readonly string[];
  readonly faults: Faults;
  stop(): Promise<void>;
}

interface EntraOptions {
  readonly credentials: readonly FederatedCredential[];
  /** Public keys of the issuers. */
  readonly keys: readonly JsonWebKey[];
  readonly certificates?: Certificates;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** An error as Entra ID tells it: what is wrong, and ids that differ each time. */
class Refusal extends Error {
  readonly error: string;

  constructor(error: string, description: string) {
    super(description);
    this.error = error;
  }
}

const AZURE_DEVOPS = '499b84ac-1321-427f-aa17-267ca6975798';
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
export const TOKEN_LIFETIME_S = 3_600;

/**
 * The token endpoint of Microsoft Entra ID, as far as federated credentials go; it holds to what its documentation
 * demands: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */
export async function startEntra(options: EntraOptions): Promise<Entra> {
  const certificates = options.certificates ?? (await makeCertificates());
  const requests: string[] = [];
  const assertions: string[] = [];
  const tokens: string[] = [];
  const faults: Faults = {};
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    requests.push(`${request.method} ${request.url}`);
    const form = new URLSearchParams(await readText(request));
    assertions.push(form.get('client_assertion') ?? '');
    if (faults.silent) return;
    if (faults.answer) {
      const { status, headers, body } = faults.answer;
      return void response.writeHead(status, headers).end(body);
    }
    const refusal = refuse(request, form, options);
    if (refusal) return void send(response, 400, describe(refusal));
    const access_token = `eyJ0eXAi.entra-token-${tokens.length + 1}.c2ln`;
    tokens.push(access_token);
    send(response, 200, { token_type: 'Bearer', expires_in: TOKEN_LIFETIME_S, ext_expires_in: 3_600, access_token });
  };
  const server = createServer({ ...certificates.server }, (request, response) => {
    respond(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    certificates,
    requests,
    assertions,
    tokens,
    faults,
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}

let refused = 0;

function describe({ error, message }: Refusal): object {
  refused += 1;
  const ids = `Trace ID: trace-${refused} Correlation ID: correlation-${refused} Timestamp: 2026-01-01 00:00:${refused}Z`;
  return { error, error_description: `${message} ${ids}`, trace_id: `trace-${refused}`, error_codes: [1] };
}

function refuse(request: IncomingMessage, form: URLSearchParams, options: EntraOptions): Refusal | undefined {
  try {
    checkForm(request, form);
    checkIdentity(request, form, options);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error;
    return new Refusal('invalid_client', `AADSTS50027: JWT token is invalid or malformed (${String(error)}).`);
  }
}

function checkForm({ method, headers }: IncomingMessage, form: URLSearchParams): void {
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
  const missing = ['grant_type', 'client_id', 'scope', 'client_assertion'].find((name) => !form.get(name));
  if (method !== 'POST' || !isForm || missing) {
    throw new Refusal('invalid_request', `AADSTS900144: The request body must contain the parameter: '${missing}'.`);
  }
  if (form.get('grant_type') !== 'client_credentials') {
    throw new Refusal('unsupported_grant_type', 'AADSTS70003: The app requested an unsupported grant type.');
  }
  if (form.get('client_assertion_type') !== ASSERTION_TYPE) {
    throw new Refusal('invalid_client', 'AADSTS7000213: Invalid client assertion type.');
  }
  if (form.get('scope') !== `${AZURE_DEVOPS}/.default`) {
    throw new Refusal(
      'invalid_scope',
      `AADSTS1002012: The provided value for scope ${form.get('scope')} is not valid.`,
    );
  }
}

function checkIdentity({ url }: IncomingMessage, form: URLSearchParams, { credentials, keys, now }: EntraOptions) {
  const [, tenantId] = /^\/([^/]+)\/oauth2\/v2\.0\/token$/.exec(url ?? '') ?? [];
  const clientId = form.get('client_id');
  const ofTenant = credentials.filter((each) => each.tenantId === tenantId);
  if (ofTenant.length === 0) throw new Refusal('invalid_request', `AADSTS90002: Tenant '${tenantId}' not found.`);
  const ofClient = ofTenant.filter((each) => each.clientId === clientId);
  if (ofClient.length === 0) {
    throw new Refusal('unauthorized_client', `AADSTS700016: Application with identifier '${clientId}' was not found.`);
  }
  const claims = readAssertion(form.get('client_assertion') ?? '', keys);
  if (!claims) throw new Refusal('invalid_client', 'AADSTS700027: Client assertion failed signature validation.');
  const { iss, sub, aud, exp } = claims;
  const unknown = (what: string, value: unknown) =>
    new Refusal('invalid_client', `${what} '${value}'. Check your federated identity credential.`);
  if (![aud].flat().includes('api://AzureADTokenExchange')) {
    throw unknown('AADSTS700212: No matching federated identity record found for presented assertion audience', aud);
  }
  if (!ofClient.some(({ issuer, subject }) => issuer === iss && subject === sub)) {
    throw unknown('AADSTS700213: No matching federated identity record found for presented assertion subject', sub);
  }
  if (exp * 1_000 <= (now ?? Date.now)()) {
    throw new Refusal('invalid_client', 'AADSTS700024: Client assertion is not within its valid time range.');
  }
}
