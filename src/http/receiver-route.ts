import type { FastifyInstance } from 'fastify';
import { HawserError } from '../errors/hawser-error.ts';
import type { Provider, Push } from '../model/push.ts';
import { HOOK_PREFIX } from '../model/receiver.ts';
import { toDeliveryId } from '../webhook/delivery-id.ts';
import { type ReadCall, type ReceiverEndpoint, readReceiverCall } from '../webhook/read-receiver-call.ts';
import { type DeliveryAnswer, withinTime } from './accept-delivery.ts';
import { answerErrors, type DeliveryEdge, toSingleHeaders } from './delivery-edge.ts';
import { readBody } from './read-body.ts';

/** A verified call of a Receiver, as it is handed to the delivery queue. */
export interface ReceivedCall {
  readonly id: string;
  readonly call: {
    readonly receiver: ReceiverEndpoint['receiver'];
    readonly provider: Provider;
    readonly event?: string | undefined;
    readonly pushes: readonly Push[];
    readonly body?: string | undefined;
  };
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
}

/** What taking a Receiver's calls needs of the rest of Hawser. */
export interface CallAcceptance {
  /** The Receiver at a path; `unknown` while nobody can tell yet. */
  find(path: string): ReceiverEndpoint | undefined | 'unknown';
  /** Persists the call before it resolves. */
  addCall(call: ReceivedCall): Promise<{ readonly pushId: string }>;
}

interface ReceiverOptions extends DeliveryEdge {
  readonly receivers: CallAcceptance;
  /** As for other deliveries. */
  readonly externalUrl?: string | undefined;
}

/** Where the calls of Flux's Receivers come in. A path that is none of theirs is answered like any other unknown path. */
export function receiverRoute(app: FastifyInstance, options: ReceiverOptions, done: () => void): void {
  const { limits, budget, receivers } = options;
  const bodyLimits = { maxBytes: limits.maxBodyBytes, timeoutMs: limits.bodyTimeoutMs, budget };

  app.post<{ Params: { digest: string } }>(`${HOOK_PREFIX}:digest`, async (request, reply) => {
    const receivedAt = Date.now();
    const path = `${HOOK_PREFIX}${request.params.digest}`;
    const endpoint = receivers.find(path);
    if (endpoint === undefined) return reply.callNotFound();
    if (endpoint === 'unknown') throw notListed();
    const raw = await readBody(request.raw, bodyLimits);
    const delivery = { raw, headers: toSingleHeaders(request), receivedAt: Date.now() };
    endpoint.type.verify(delivery, endpoint.token);
    const call = readReceiverCall(endpoint, delivery);
    const answer = await acceptCall({ endpoint, call, path, receivedAt }, options);
    const { id: deliveryId, status: result, reason } = answer;
    request.log.info({ ...endpoint.receiver, kind: 'Receiver', deliveryId, result, reason }, 'delivery answered');
    options.observe?.({ provider: 'receiver', result, durationMs: reply.elapsedTime });
    return reply.code(202).send(answer);
  });

  answerErrors(app, { provider: 'receiver', observe: options.observe });
  done();
}

interface VerifiedCall {
  readonly endpoint: ReceiverEndpoint;
  readonly call: ReadCall;
  readonly path: string;
  readonly receivedAt: number;
}

async function acceptCall(
  { endpoint, call, path, receivedAt }: VerifiedCall,
  { receivers, limits, externalUrl = '' }: ReceiverOptions,
): Promise<DeliveryAnswer> {
  const { provider } = endpoint.type;
  const id = toDeliveryId({ provider, route: path, hookId: call.hookId, deliveryId: call.deliveryId });
  if (call.kind === 'ignored') return { id, status: 'ignored', reason: call.reason };
  const { event, pushes, body } = call;
  const stored = { id, call: { receiver: endpoint.receiver, provider, event, pushes, body }, receivedAt };
  const { pushId } = await withinTime(receivers.addCall(stored), limits.storeTimeoutMs);
  return { id, status: 'accepted', push: `${externalUrl}/pushes/${encodeURIComponent(pushId)}` };
}

function notListed(): HawserError {
  const message = 'the Receivers of the cluster are not known yet: call again in a few seconds';
  return new HawserError('RECEIVERS_UNAVAILABLE', message);
}
