/**
 * Reads a kubeconfig that a tenant put into a Secret. It may say where a cluster is and hold credentials, no more:
 * whatever would run a program, open a file of this process, or weaken the connection is refused by name.
 * Hawser's own kubeconfig is trusted and read by load-cluster-access.ts.
 */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { loadYaml } from '@kubernetes/client-node';
import { HawserError } from '../errors/hawser-error.ts';
import { rememberSecret } from '../errors/redact.ts';
import type { ClusterCredentials, TlsOptions } from './load-cluster-access.ts';

/** A cluster and the way in, all of it in the kubeconfig's text. */
export interface ParsedKubeconfig {
  readonly server: URL;
  readonly credentials: ClusterCredentials;
}

/** Fields of a mapping; whatever it holds is checked when it is used. */
type Fields = Readonly<Record<string, unknown>>;

const CLUSTER_FIELDS = new Set([
  'server',
  'certificate-authority-data',
  'tls-server-name',
  'disable-compression',
  'extensions',
]);
const USER_FIELDS = new Set([
  'token',
  'username',
  'password',
  'client-certificate-data',
  'client-key-data',
  'extensions',
]);

/** What to do instead. */
const WAYS_OUT: Readonly<Record<string, string>> = {
  exec: 'no program is run for a kubeconfig from a Secret; give it a token, or a client certificate and key',
  'auth-provider':
    'no provider is asked for a kubeconfig from a Secret; give it a token, or a client certificate and key',
  tokenFile: 'no file is read for a kubeconfig from a Secret; set token',
  'client-certificate': 'no file is read for a kubeconfig from a Secret; set client-certificate-data',
  'client-key': 'no file is read for a kubeconfig from a Secret; set client-key-data',
  'certificate-authority': 'no file is read for a kubeconfig from a Secret; set certificate-authority-data',
  'insecure-skip-tls-verify': 'the API server must prove who it is; set certificate-authority-data',
  'proxy-url': 'the API server is called directly',
  as: 'use spec.serviceAccountName',
};

/** Throws KUBE_ACCESS_INVALID, whose message begins with `name` and never holds a value of the kubeconfig. */
export function parseKubeconfig(text: string, name: string): ParsedKubeconfig {
  const fail = (problem: string): never => {
    throw new HawserError('KUBE_ACCESS_INVALID', `${name}: ${problem}`, { reason: 'ReconciliationFailed' });
  };
  const document = loadDocument(text, fail);
  const contextName = document['current-context'];
  if (!contextName) fail('the kubeconfig has no current-context');
  const context = findEntry(document, { list: 'contexts', field: 'context', name: contextName }, fail);
  const cluster = findEntry(document, { list: 'clusters', field: 'cluster', name: context.cluster }, fail);
  const user = findEntry(document, { list: 'users', field: 'user', name: context.user }, fail);
  refuseUnsupported(cluster, CLUSTER_FIELDS, fail);
  refuseUnsupported(user, USER_FIELDS, fail);
  const server = toServerUrl(textOf(cluster, 'server', fail), (problem) => fail(`the cluster's server ${problem}`));
  return { server, credentials: { headers: toHeaders(user, fail), tls: toTls({ cluster, user }, fail) } };
}

/** The URL of an API server that a tenant names; `fail` is told what is wrong with it. */
export function toServerUrl(text: string | undefined, fail: (problem: string) => never): URL {
  if (text === undefined || !URL.canParse(text)) return fail('is not a URL');
  const url = new URL(text);
  // Without TLS the credentials would be readable on the way, and this process's own loopback services reachable.
  if (url.protocol !== 'https:') return fail('is not an https URL');
  if (url.username || url.password) return fail('holds a user name or password; give the user its own entry');
  if (url.search || url.hash) return fail('has a query or a fragment');
  return url;
}

/** Checks what TLS is given, because a connection would only say that it failed. */
export function checkTls(tls: TlsOptions, fail: (problem: string) => never): TlsOptions {
  try {
    // A secure context takes any text for an authority, and trusts nobody then.
    if (tls.ca !== undefined) new X509Certificate(tls.ca);
    createSecureContext(tls);
  } catch (error) {
    // OpenSSL's reasons name what does not fit, never the content.
    fail(`the certificates or the key cannot be used: ${error instanceof Error ? error.message : 'unknown reason'}`);
  }
  return tls;
}

type Fail = (problem: string) => never;

function loadDocument(text: string, fail: Fail): Fields {
  try {
    const document: unknown = loadYaml(text);
    if (isFields(document)) return document;
  } catch (error) {
    // The parser's message quotes the lines around the mistake, and with them perhaps a token.
    const mark = (error as { mark?: { line?: number } }).mark;
    return fail(`the kubeconfig is not valid YAML${mark?.line === undefined ? '' : ` (line ${mark.line + 1})`}`);
  }
  return fail('the kubeconfig is not a mapping');
}

interface EntryQuery {
  readonly list: 'contexts' | 'clusters' | 'users';
  readonly field: 'context' | 'cluster' | 'user';
  readonly name: unknown;
}

function findEntry(document: Fields, { list, field, name }: EntryQuery, fail: Fail): Fields {
  const entries: readonly unknown[] = Array.isArray(document[list]) ? document[list] : [];
  const found = entries.filter(isFields).find((entry) => name !== undefined && entry.name === name);
  if (!found) return fail(`the kubeconfig's current context names a ${field} that is not among its ${list}`);
  const fields = found[field] ?? {};
  return isFields(fields) ? fields : fail(`the ${field} of the kubeconfig's current context is not a mapping`);
}

function refuseUnsupported(fields: Fields, supported: ReadonlySet<string>, fail: Fail): void {
  for (const [field, value] of Object.entries(fields)) {
    if (supported.has(field) || value === undefined || value === null || value === '' || value === false) continue;
    // A field that nobody knows may be a value that slipped to the wrong side of a colon.
    const shown = /^[a-zA-Z-]{1,40}$/.test(field) ? `the field ${field}` : 'a field';
    fail(`the kubeconfig has ${shown}, which is not supported: ${WAYS_OUT[field] ?? 'remove it'}`);
  }
}

function toHeaders(user: Fields, fail: Fail): Record<string, string> {
  const token = textOf(user, 'token', fail)?.trim();
  if (token) {
    // Anything else could end the header and begin another.
    if (!/^[\x21-\x7e]+$/.test(token)) fail("the user's token holds a space or a control character");
    rememberSecret(token);
    return { authorization: `Bearer ${token}` };
  }
  const username = textOf(user, 'username', fail);
  if (username) {
    const password = textOf(user, 'password', fail) ?? '';
    const encoded = Buffer.from(`${username}:${password}`).toString('base64');
    rememberSecret(password);
    rememberSecret(encoded);
    return { authorization: `Basic ${encoded}` };
  }
  if (!user['client-certificate-data']) {
    fail("the kubeconfig's user has no credentials: give it a token, or a client certificate and key");
  }
  return {};
}

function toTls({ cluster, user }: { cluster: Fields; user: Fields }, fail: Fail): TlsOptions {
  const ca = pemOf(cluster, 'certificate-authority-data', fail);
  const cert = pemOf(user, 'client-certificate-data', fail);
  const key = pemOf(user, 'client-key-data', fail);
  const servername = textOf(cluster, 'tls-server-name', fail);
  if ((cert === undefined) !== (key === undefined)) {
    fail("the kubeconfig's user needs both, client-certificate-data and client-key-data, or none of them");
  }
  return checkTls(
    {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(servername ? { servername } : {}),
    },
    fail,
  );
}

function pemOf(fields: Fields, field: string, fail: Fail): string | undefined {
  const encoded = textOf(fields, field, fail);
  if (!encoded) return undefined;
  const pem = Buffer.from(encoded, 'base64').toString('utf8');
  return pem.includes('-----BEGIN ') ? pem : fail(`the kubeconfig's ${field} is not PEM in base64`);
}

function textOf(fields: Fields, field: string, fail: Fail): string | undefined {
  const value = fields[field] ?? undefined;
  return value === undefined || typeof value === 'string' ? value : fail(`the kubeconfig's ${field} is not a text`);
}

function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
