import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { Secret } from '../errors/secret.ts';
import type { KubeClient } from '../kube/kube-client.ts';
import { readSecretData } from '../kube/read-secret-data.ts';
import { parseReceiver, type Receiver, toWebhookPath } from '../model/receiver.ts';
import type { ReceiverEndpoint } from '../webhook/read-receiver-call.ts';
import { RECEIVER_TYPES, type ReceiverType } from '../webhook/receiver-types.ts';
import { compileFilters, hasFilter } from './compile-filters.ts';
import type { ReceiverReading } from './receiver-status.ts';

/** Where a Receiver is called, if it can be, and what its status has to say. */
export interface ReceiverState {
  readonly reading: ReceiverReading;
  /** Absent for one that has no path of ours. One whose filter is wrong has: its calls are recorded with the reason. */
  readonly endpoint?: { readonly path: string; readonly value: ReceiverEndpoint };
  /** True if the API server did not answer: what was read before may still hold. */
  readonly isUncertain?: boolean;
}

/** Reads a Receiver's Secret and checks its spec. Never throws. */
export async function readReceiver(client: Pick<KubeClient, 'get'>, receiver: Receiver): Promise<ReceiverState> {
  try {
    parseReceiver(receiver);
    return await resolveReceiver(client, receiver);
  } catch (error) {
    const isUncertain = error instanceof HawserError && error.cause instanceof HawserError;
    return { reading: { kind: 'failed', error }, isUncertain };
  }
}

async function resolveReceiver(client: Pick<KubeClient, 'get'>, receiver: Receiver): Promise<ReceiverState> {
  const { spec, metadata } = receiver;
  const type = refuseUnsupportedReceiver(receiver);
  const secretName = spec.secretRef?.name;
  if (!secretName) throw refused('secretRef is required when type is not generic-oidc');
  const token = await readToken(client, { namespace: metadata.namespace ?? '', name: secretName });
  const path = toWebhookPath(token, metadata);
  const value = {
    receiver: { namespace: metadata.namespace ?? '', name: metadata.name },
    type,
    token,
    events: spec.events ?? [],
    suspended: spec.suspend ?? false,
    hasFilter: hasFilter(spec),
  };
  return { reading: checkFilters(receiver, path), endpoint: { path, value } };
}

/** Throws RECEIVER_INVALID for a type that this version does not take, in Flux's words for what only a person can mend. */
export function refuseUnsupportedReceiver({ spec: { type, oidcProviders } }: Receiver): ReceiverType {
  const found = Object.hasOwn(RECEIVER_TYPES, type) ? RECEIVER_TYPES[type] : undefined;
  const known = Object.keys(RECEIVER_TYPES).join(', ');
  if (!found) throw refused(`the type ${type} is not supported by Hawser, which takes ${known}: see docs/receivers.md`);
  if (oidcProviders && oidcProviders.length > 0) {
    throw refused('oidcProviders can only be set when type is generic-oidc');
  }
  return found;
}

function checkFilters({ spec }: Receiver, path: string): ReceiverReading {
  try {
    compileFilters(spec);
    return { kind: 'ready', path };
  } catch (error) {
    return { kind: 'failed', error };
  }
}

/** Reads the key `token`; throws RECEIVER_TOKEN_NOT_FOUND in Flux's words. */
async function readToken(
  client: Pick<KubeClient, 'get'>,
  secret: { readonly namespace: string; readonly name: string },
): Promise<Secret> {
  const data = await readSecretData(client, secret.namespace, secret.name).catch(cannotRead(secret));
  if (!data)
    throw notFound(`unable to read token from secret '${idOf(secret)}' error: Secret "${secret.name}" not found`);
  const encoded = Object.hasOwn(data, 'token') ? data.token : undefined;
  if (encoded === undefined) throw notFound(`invalid '${idOf(secret)}' secret data: required fields 'token'`);
  const token = Buffer.from(encoded, 'base64').toString('utf8');
  if (token === '') throw notFound(`invalid '${idOf(secret)}' secret data: 'token' is empty, which proves nothing`);
  return new Secret(token);
}

function cannotRead(secret: { readonly namespace: string; readonly name: string }): (error: unknown) => never {
  return (error) => {
    throw notFound(`unable to read token from secret '${idOf(secret)}' error: ${messageOf(error)}`, error);
  };
}

function idOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

function notFound(message: string, cause?: unknown): HawserError {
  return new HawserError('RECEIVER_TOKEN_NOT_FOUND', message, { cause });
}

function refused(problem: string): HawserError {
  return new HawserError('RECEIVER_INVALID', `Reconciliation failed terminally due to configuration error: ${problem}`);
}
