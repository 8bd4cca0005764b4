import { createHmac } from 'node:crypto';
import { Secret } from '../../src/errors/secret.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { toWebhookPath } from '../../src/model/receiver.ts';

export const RECEIVER_TOKEN = 'canary-receiver-token';

interface ReceiverName {
  readonly name?: string;
  readonly namespace: string;
}

/** A Receiver of the type github that asks the GitRepository `app`, its token in the Secret `receiver-token`. */
export function makeReceiver(
  { name = 'receiver', namespace }: ReceiverName,
  spec: Readonly<Record<string, unknown>> = {},
): KubeObject {
  return {
    apiVersion: 'notification.toolkit.fluxcd.io/v1',
    kind: 'Receiver',
    metadata: { name, namespace },
    spec: {
      type: 'github',
      events: ['ping', 'push'],
      secretRef: { name: 'receiver-token' },
      resources: [{ kind: 'GitRepository', name: 'app' }],
      ...spec,
    },
  };
}

/** The Secret that `makeReceiver` names. */
export function makeTokenSecret(namespace: string, token = RECEIVER_TOKEN): KubeObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'receiver-token', namespace }, stringData: { token } };
}

/** Where a Receiver is called, computed from the token as `flux trigger receiver` does. */
export function hookPath({ name = 'receiver', namespace }: ReceiverName, token = RECEIVER_TOKEN): string {
  return toWebhookPath(new Secret(token), { name, namespace });
}

/** The header of a call of the type generic-hmac. */
export function signCall(body: string | Buffer, token = RECEIVER_TOKEN, hash = 'sha256'): Record<string, string> {
  return { 'x-signature': `${hash}=${createHmac(hash, token).update(body).digest('hex')}` };
}
