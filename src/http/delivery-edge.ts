import type { FastifyInstance, FastifyRequest } from 'fastify';
import { messageOf } from '../errors/hawser-error.ts';
import type { Provider } from '../model/push.ts';
import type { DeliveryHeaders } from '../webhook/webhook-provider.ts';
import type { BodyBudget } from './body-budget.ts';
import { createLogGate, type LogGate } from './create-log-gate.ts';
import { sendError, toErrorReply } from './error-reply.ts';

/** How one webhook call ended, for metrics. */
export interface ObservedDelivery {
  readonly provider: Provider | 'receiver';
  readonly result: 'accepted' | 'ignored' | 'refused' | 'invalid' | 'unavailable';
  readonly durationMs: number;
}

/** Bounds of what one call may cost. */
export interface WebhookLimits {
  /** Bytes of one body. */
  readonly maxBodyBytes: number;
  /** Bytes of all bodies that are being received, by whatever route. */
  readonly maxUnfinishedBytes: number;
  /** Milliseconds for one body to arrive. */
  readonly bodyTimeoutMs: number;
  /** Milliseconds for a delivery to be stored; providers wait 10 s for the answer. */
  readonly storeTimeoutMs: number;
}

/** What every route that takes deliveries shares. */
export interface DeliveryEdge {
  readonly limits: WebhookLimits;
  readonly budget: BodyBudget;
  readonly observe?: ((delivery: ObservedDelivery) => void) | undefined;
}

/** Of refused deliveries, per route: anybody can cause them, and the metric counts them all. */
const REFUSALS_LOGGED = { mostLines: 20, periodMs: 10_000 };

/** Answers what a route throws; a refusal is news for whoever set the webhook up, trouble of ours for the operators. */
export function answerErrors(
  app: FastifyInstance,
  { provider, observe }: Pick<ObservedDelivery, 'provider'> & Pick<DeliveryEdge, 'observe'>,
): void {
  const facts = { provider };
  const refusals = createLogGate(REFUSALS_LOGGED);
  app.setErrorHandler((error, request, reply) => {
    const { status, code } = toErrorReply(error);
    if (status >= 500) request.log.error({ ...facts, code, err: error, cause: toCause(error) }, 'delivery not taken');
    else logRefusal(request, refusals, { ...facts, code, err: error });
    observe?.({ ...facts, result: toResult(status), durationMs: reply.elapsedTime });
    return sendError(reply, error);
  });
}

function logRefusal({ log }: FastifyRequest, gate: LogGate, facts: object): void {
  const notLogged = gate.pass();
  if (notLogged !== undefined) log.info({ ...facts, ...(notLogged > 0 && { notLogged }) }, 'delivery refused');
}

/** A header that came as a list is left out: none that is used may come twice. */
export function toSingleHeaders(request: FastifyRequest): DeliveryHeaders {
  const entries = Object.entries(request.headers).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries);
}

function toCause(error: unknown): string | undefined {
  return error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : undefined;
}

function toResult(status: number): ObservedDelivery['result'] {
  if (status === 401) return 'refused';
  return status >= 500 ? 'unavailable' : 'invalid';
}
