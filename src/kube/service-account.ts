/** Service accounts as identities: how to act as one, whether it is there, and a token to show elsewhere. */
import { HawserError } from '../errors/hawser-error.ts';
import { rememberSecret } from '../errors/redact.ts';
import { formatSubject, type ObjectRef } from '../model/kube-object.ts';
import type { Impersonation, KubeClient } from './kube-client.ts';
import { KubeError } from './to-kube-error.ts';

export interface ServiceAccountRef {
  readonly namespace: string;
  readonly name: string;
}

/**
 * The identity to pass to `KubeClient.as`. Without groups: the API server adds those of a service account itself,
 * and naming them would need the permission to impersonate groups.
 */
export function impersonationOf({ namespace, name }: ServiceAccountRef): Impersonation {
  return { name: `system:serviceaccount:${namespace}:${name}` };
}

/**
 * Throws SERVICE_ACCOUNT_NOT_FOUND if there is no such account: impersonated all the same, it would only be
 * forbidden everything, object by object. `client` must be permitted to get service accounts.
 */
export async function requireServiceAccount(
  client: Pick<KubeClient, 'get'>,
  account: ServiceAccountRef,
  signal?: AbortSignal,
): Promise<void> {
  if (!(await client.get(refOf(account), { metadataOnly: true, signal }))) throw notFound(account);
}

/** A token and for how many milliseconds it is good, counted from when it was asked for. */
export interface IssuedToken {
  readonly token: string;
  readonly lifetimeMs: number;
}

const WANTED_LIFETIME_S = 3_600;

/** Asks the API server for a token of a service account; throws SERVICE_ACCOUNT_NOT_FOUND, or what the API server said. */
export async function requestToken(
  client: Pick<KubeClient, 'createSubresource'>,
  account: ServiceAccountRef,
  audiences: readonly string[],
): Promise<IssuedToken> {
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { audiences, expirationSeconds: WANTED_LIFETIME_S },
  };
  try {
    const answer = (await client.createSubresource(refOf(account), 'token', request)) as TokenAnswer;
    rememberSecret(answer.status.token);
    return { token: answer.status.token, lifetimeMs: answer.spec.expirationSeconds * 1_000 };
  } catch (error) {
    throw error instanceof KubeError && error.isNotFound ? notFound(account) : error;
  }
}

interface TokenAnswer {
  readonly spec: { readonly expirationSeconds: number };
  readonly status: { readonly token: string };
}

function refOf(account: ServiceAccountRef): ObjectRef {
  return { group: '', version: 'v1', kind: 'ServiceAccount', ...account };
}

function notFound(account: ServiceAccountRef): HawserError {
  return new HawserError('SERVICE_ACCOUNT_NOT_FOUND', `${formatSubject(refOf(account))} not found`);
}
