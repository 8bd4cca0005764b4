/**
 * By what a source proves to a cloud who it is: a token of Kubernetes, of a service account of its namespace or of
 * Hawser itself. What the cloud gives for it is left to each cloud's own file.
 */
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { Secret } from '../errors/secret.ts';
import type { Connection } from './connection.ts';

/** A source whose provider is a cloud. */
export interface IdentityOwner {
  readonly namespace: string;
  readonly url?: string | undefined;
  readonly serviceAccountName?: string | undefined;
}

/** Finds logins for the Git service of a cloud. */
export interface CloudLogins {
  /** Throws for every other host: it would get the identity of somebody else. */
  token(owner: IdentityOwner, via: Connection | undefined): Promise<Secret>;
}

/** What is read of a service account. */
export interface WorkloadAccount {
  readonly uid: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Names a service account. */
interface AccountName {
  readonly namespace: string;
  readonly name: string;
}

/** Where tokens of Kubernetes come from. */
export interface WorkloadAccess {
  readonly readFile: (path: string) => Promise<string>;
  /** Undefined if there is no such account. */
  readonly readAccount: (account: AccountName) => Promise<WorkloadAccount | undefined>;
  /** A token of Kubernetes for this account and audience. */
  readonly issueToken: (account: AccountName, audience: string) => Promise<string>;
  /** Account of sources that name none; Hawser's own identity if undefined. */
  readonly defaultServiceAccount: string | undefined;
}

/** A service account that is there. */
export interface FoundAccount {
  /** `ServiceAccount/<namespace>/<name>` */
  readonly title: string;
  /** Tells it apart from all others, also from one of the same name that was there before. */
  readonly holder: string;
  /** As the tokens of Kubernetes name it. */
  readonly subject: string;
  /** What a cloud calls sessions of it: few characters, and no more than 64 of them. */
  readonly session: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly issueToken: (audience: string) => Promise<Secret>;
}

/**
 * The account whose identity a source shows: the one it names, or the default one; undefined where it is to be Hawser's
 * own identity. Accounts are read anew each time, so a changed annotation counts at once.
 */
export async function findAccount(access: WorkloadAccess, owner: IdentityOwner): Promise<FoundAccount | undefined> {
  const name = owner.serviceAccountName || access.defaultServiceAccount;
  if (!name) return undefined;
  const account = { namespace: owner.namespace, name };
  const title = `ServiceAccount/${account.namespace}/${name}`;
  const found = await ask(title, () => access.readAccount(account));
  if (!found)
    throw identityUnavailable(`${title} not found: create it, or name another one in spec.serviceAccountName`);
  return {
    title,
    holder: `${account.namespace}/${name}/${found.uid}`,
    subject: `system:serviceaccount:${account.namespace}:${name}`,
    session: `${account.namespace}.${name}`.slice(0, 64),
    annotations: found.annotations,
    issueToken: (audience) => ask(title, async () => new Secret(await access.issueToken(account, audience))),
  };
}

/** Whoever may create a Secret could else have Hawser's identity shown to a host of his own that calls itself a cloud. */
export function refuseOwnAuthority(via: Connection | undefined): void {
  if (via?.ca === undefined) return;
  throw invalidIdentity(
    `an authority of one's own (ca.crt) is not trusted with Hawser's identity: name an account in spec.serviceAccountName, or remove ca.crt from the Secret`,
  );
}

/** Hawser's own token, which the kubelet replaces now and then, from the file that the variable names. */
export async function readOwnToken({ readFile }: WorkloadAccess, variable: string, path: string): Promise<Secret> {
  try {
    return new Secret((await readFile(path)).trim());
  } catch (error) {
    throw identityUnavailable(`${variable} names a file that cannot be read: ${messageOf(error)}`, error);
  }
}

/** The names of the variables that are not set. */
export function listUnset(variables: Readonly<Record<string, string | undefined>>): string {
  return Object.keys(variables)
    .filter((name) => variables[name] === undefined)
    .join(', ');
}

async function ask<T>(title: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw identityUnavailable(`${title}: ${messageOf(error)}`, error);
  }
}

/** Flux's reason for a provider that does not fit its source. */
const PROVIDER_INVALID = 'InvalidProviderConfiguration';

/** What a person must correct: in the source, or (`retry`) elsewhere, where no change of the source tells of it. */
export function invalidIdentity(problem: string, disposition: 'stalled' | 'retry' = 'stalled'): HawserError {
  return new HawserError('CREDENTIALS_UNSUPPORTED', problem, { reason: PROVIDER_INVALID, disposition });
}

/** What may be there the next time. */
export function identityUnavailable(problem: string, cause?: unknown): HawserError {
  return new HawserError('CREDENTIALS_UNAVAILABLE', problem, cause === undefined ? {} : { cause });
}
