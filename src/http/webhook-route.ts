import type { FastifyInstance, FastifyRequest } from 'fastify';
import { messageOf } from '../errors/hawser-error.ts';
import type { Secret } from '../errors/secret.ts';
import type { Provider } from '../model/push.ts';
import type { DeliveryHeaders, WebhookProvider } from '../webhook/webhook-provider.ts';
import { acceptDelivery, type DeliveryAcceptance } from './accept-delivery.ts';
import { type BodyBudget, createBodyBudget } from './body-budget.ts';
import { createLogGate, type LogGate } from './create-log-gate.ts';
import { sendError, toErrorReply } from './error-reply.ts';
import { readBody } from './read-body.ts';

/** One path that takes the deliveries of one provider. */
export interface WebhookRoute {
  readonly path: string;
  readonly provider: WebhookProvider;
  /** Any of them will do. */
  readonly secrets: readonly Secret[];
}

/** How one webhook call ended, for metrics. */
export interface ObservedDelivery {
  readonly provider: Provider;
  readonly result: 'accepted' | 'ignored' | 'refused' | 'invalid' | 'unavailable';
  readonly durationMs: number;
}

/** What the webhook routes need of the rest of Hawser. */
export interface WebhookOptions extends DeliveryAcceptance {
  observe?(delivery: ObservedDelivery): void;
  readonly limits?: Partial<WebhookLimits> | undefined;
}

interface WebhookLimits {
  /** Bytes of one body. */
  readonly maxBodyBytes: number;
  /** Bytes of all bodies that are being received, by whatever route. */
  readonly maxUnfinishedBytes: number;
  /** Milliseconds for one body to arrive. */
  readonly bodyTimeoutMs: number;
  /** Milliseconds for a delivery to be stored; providers wait 10 s for the answer. */
  readonly storeTimeoutMs: number;
}

const DEFAULT_LIMITS: WebhookLimits = {
  maxBodyBytes: 25 * 1_024 * 1_024,
  maxUnfinishedBytes: 128 * 1_024 * 1_024,
  bodyTimeoutMs: 10_000,
  storeTimeoutMs: 5_000,
};

/** Of refused deliveries, per route: anybody can cause them, and the metric counts them all. */
const REFUSALS_LOGGED = { mostLines: 20, periodMs: 10_000 };

/** Serves the routes, which share one bound on unfinished bodies. */
export function webhookRoutes(
  app: FastifyInstance,
  { routes, ...options }: WebhookOptions & { readonly routes: readonly WebhookRoute[] },
  done: () => void,
): void {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const budget = createBodyBudget(limits.maxUnfinishedBytes);
  for (const route of routes) {
    app.register((scope: FastifyInstance, _options: unknown, registered: () => void) => {
      addRoute(scope, route, { ...options, limits, budget });
      registered();
    });
  }
  done();
}

interface RouteOptions extends WebhookOptions {
  readonly limits: WebhookLimits;
  readonly budget: BodyBudget;
}

/** Verify the raw bytes, persist, answer. Everything else happens after the answer. */
function addRoute(app: FastifyInstance, { path, provider, secrets }: WebhookRoute, options: RouteOptions): void {
  const { limits, budget } = options;
  const bodyLimits = { maxBytes: limits.maxBodyBytes, timeoutMs: limits.bodyTimeoutMs, budget };
  const facts = { provider: provider.name };
  const refusals = createLogGate(REFUSALS_LOGGED);

  app.post(path, async (request, reply) => {
    const receivedAt = Date.now();
    const raw = await readBody(request.raw, bodyLimits);
    const delivery = { raw, headers: toSingleHeaders(request), receivedAt: Date.now() };
    provider.verify(delivery, secrets);
    const parsed = provider.parse(delivery);
    const answer = await acceptDelivery(
      { parsed, provider: provider.name, route: path, receivedAt },
      { ...options, storeTimeoutMs: limits.storeTimeoutMs },
    );
    const { id: deliveryId, status: result, reason } = answer;
    request.log.info({ ...facts, deliveryId, result, reason }, 'delivery answered');
    options.observe?.({ ...facts, result, durationMs: reply.elapsedTime });
    return reply.code(202).send(answer);
  });

  app.setErrorHandler((error, request, reply) => {
    const { status, code } = toErrorReply(error);
    if (status >= 500) request.log.error({ ...facts, code, err: error, cause: toCause(error) }, 'delivery not taken');
    else logRefusal(request, refusals, { ...facts, code, err: error });
    options.observe?.({ ...facts, result: toResult(status), durationMs: reply.elapsedTime });
    return sendError(reply, error);
  });
}

function logRefusal({ log }: FastifyRequest, gate: LogGate, facts: object): void {
  const notLogged = gate.pass();
  if (notLogged !== undefined) log.info({ ...facts, ...(notLogged > 0 && { notLogged }) }, 'delivery refused');
}

/** A header that came as a list is left out: none that is used may come twice. */
function toSingleHeaders(request: FastifyRequest): DeliveryHeaders {
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
