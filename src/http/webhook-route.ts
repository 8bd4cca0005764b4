import type { FastifyInstance } from 'fastify';
import type { Secret } from '../errors/secret.ts';
import type { WebhookProvider } from '../webhook/webhook-provider.ts';
import { acceptDelivery, type DeliveryAcceptance } from './accept-delivery.ts';
import { createBodyBudget } from './body-budget.ts';
import { answerErrors, type DeliveryEdge, toSingleHeaders, type WebhookLimits } from './delivery-edge.ts';
import { readBody } from './read-body.ts';
import { type CallAcceptance, receiverRoute } from './receiver-route.ts';

/** One path that takes the deliveries of one provider. */
export interface WebhookRoute {
  readonly path: string;
  readonly provider: WebhookProvider;
  /** Any of them will do. */
  readonly secrets: readonly Secret[];
}

/** What the webhook routes need of the rest of Hawser. */
export interface WebhookOptions extends DeliveryAcceptance, Pick<DeliveryEdge, 'observe'> {
  readonly limits?: Partial<WebhookLimits> | undefined;
  /** How calls of Receivers are taken; without it there is no route for them. */
  readonly receivers?: CallAcceptance | undefined;
}

const DEFAULT_LIMITS: WebhookLimits = {
  maxBodyBytes: 25 * 1_024 * 1_024,
  maxUnfinishedBytes: 128 * 1_024 * 1_024,
  bodyTimeoutMs: 10_000,
  storeTimeoutMs: 5_000,
};

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
  const { receivers } = options;
  if (receivers) app.register(receiverRoute, { ...options, receivers, limits, budget });
  done();
}

/** Verify the raw bytes, persist, answer. Everything else happens after the answer. */
function addRoute(
  app: FastifyInstance,
  { path, provider, secrets }: WebhookRoute,
  options: DeliveryAcceptance & DeliveryEdge,
): void {
  const { limits, budget } = options;
  const bodyLimits = { maxBytes: limits.maxBodyBytes, timeoutMs: limits.bodyTimeoutMs, budget };
  const facts = { provider: provider.name };

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

  answerErrors(app, { ...facts, observe: options.observe });
}
