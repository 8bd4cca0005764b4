import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createApp } from './create-app.ts';
import { type PushPageOptions, pushPage } from './push-page.ts';
import { selectWebhookRoutes, type WebhookSecrets } from './select-webhook-routes.ts';
import { type TriggerOptions, triggerRoute } from './trigger-route.ts';
import { type WebhookOptions, webhookRoutes } from './webhook-route.ts';

export interface PublicAppOptions extends WebhookOptions, Partial<PushPageOptions> {
  readonly webhookSecrets: WebhookSecrets;
  /** Without it there is no trigger. */
  readonly trigger?: TriggerOptions | undefined;
  readonly logger?: FastifyBaseLogger | undefined;
  readonly closeGraceMs?: number | undefined;
  readonly mostConnections?: number | undefined;
}

/** The listener for providers and people. A webhook route exists only where a secret is configured. */
export function createPublicApp(options: PublicAppOptions): FastifyInstance {
  const { readPush, webhookSecrets, trigger } = options;
  const app = createApp(options);
  app.addHook('onSend', closeRefused);
  app.register(webhookRoutes, { ...options, routes: selectWebhookRoutes(webhookSecrets) });
  if (trigger) app.register(triggerRoute, trigger);
  if (readPush) app.register(pushPage, { readPush });
  return app;
}

/**
 * Who was refused connects anew. Node takes one new connection each time it has looked at all the open ones, so whoever
 * kept hundreds of them busy with nonsense made every newcomer wait for seconds; now he waits in the same line. A body that
 * is still coming is left time to come: closing at once would take the answer away.
 */
async function closeRefused({ raw }: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (reply.statusCode >= 400 && reply.statusCode < 500 && raw.complete) reply.header('connection', 'close');
}
