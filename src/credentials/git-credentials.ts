/**
 * From Kubernetes Secrets to credentials: which keys mean what, and what is said when they do not. Reading
 * Secrets is left to the caller (kube), using the credentials to git and commit-status.
 */
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { Secret } from '../errors/secret.ts';

/** HTTP basic authentication of a Git remote. */
export interface GitCredentials {
  readonly username: string;
  readonly password: Secret;
}

/** Names a Kubernetes Secret. */
interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

/** What is needed of a source to find its credentials. */
interface CredentialsOwner {
  readonly namespace: string;
  readonly secretRef?: { readonly name: string } | undefined;
}

/** Finds the credentials of sources. */
export interface Credentials {
  /** The credentials that a source refers to; undefined if it refers to none (anonymous access). */
  forGitRepository(owner: CredentialsOwner): Promise<GitCredentials | undefined>;
}

interface Dependencies {
  /** The `data` of a Secret, still in base64; undefined if there is no such Secret. */
  readonly readSecret: (namespace: string, name: string) => Promise<Readonly<Record<string, string>> | undefined>;
}

/** Keys of the other forms that Flux knows, and how people call them. */
const UNSUPPORTED_KEYS: readonly (readonly [key: string, form: string])[] = [
  ['bearerToken', 'a bearer token'],
  ['identity', 'an SSH key'],
  ['githubAppID', 'a GitHub App'],
  ['tls.crt', 'a client certificate'],
  ['certFile', 'a client certificate'],
  ['ca.crt', 'a certificate authority'],
  ['caFile', 'a certificate authority'],
];

/** Resolves the credentials of sources, reading the Secret anew each time: a rotated one counts at once. */
export function createCredentials({ readSecret }: Dependencies): Credentials {
  return {
    async forGitRepository({ namespace, secretRef }) {
      if (!secretRef) return undefined;
      const secret = { namespace, name: secretRef.name };
      return readGitCredentials(await readData(readSecret, secret), secret);
    },
  };
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

/**
 * Reads `username` and `password` from a Secret's base64 data, as Flux does for HTTPS remotes.
 * Throws CREDENTIALS_UNSUPPORTED naming the Secret and what is missing or not supported.
 */
function readGitCredentials(data: Readonly<Record<string, string>>, secret: SecretName): GitCredentials {
  const other = UNSUPPORTED_KEYS.find(([key]) => Object.hasOwn(data, key));
  if (other) throw unsupported(secret, `the key '${other[0]}' (${other[1]}) is not supported`);
  const username = decode(data, 'username', secret);
  const password = decode(data, 'password', secret);
  return { username, password: new Secret(password) };
}

function decode(data: Readonly<Record<string, string>>, key: string, secret: SecretName): string {
  const encoded = Object.hasOwn(data, key) ? data[key] : undefined;
  if (!encoded) throw unsupported(secret, `the key '${key}' is missing or empty`);
  const value = Buffer.from(encoded, 'base64').toString('utf8');
  if (/[\r\n\0]/.test(value)) {
    throw unsupported(secret, `the value of '${key}' holds a line break (was it encoded by echo without -n?)`);
  }
  return value;
}

function unsupported(secret: SecretName, problem: string): HawserError {
  return new HawserError(
    'CREDENTIALS_UNSUPPORTED',
    `failed to configure authentication options: secret '${secret.namespace}/${secret.name}': ${problem}; supported are the keys username and password`,
  );
}

function unavailable(secret: SecretName, problem: string, cause?: unknown): HawserError {
  return new HawserError(
    'CREDENTIALS_UNAVAILABLE',
    `failed to get secret '${secret.namespace}/${secret.name}': ${problem}`,
    cause === undefined ? {} : { cause },
  );
}
