import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { createApp } from './create-app.ts';
import { type GitHubWebhookOptions, githubWebhook } from './github-webhook.ts';
import { type PushPageOptions, pushPage } from './push-page.ts';

interface PublicAppOptions extends GitHubWebhookOptions, Partial<PushPageOptions> {
  readonly logger?: FastifyBaseLogger | undefined;
  readonly closeGraceMs?: number | undefined;
}

/** The listener for providers and people. A webhook route exists only where a secret is configured. */
export function createPublicApp(options: PublicAppOptions): FastifyInstance {
  const { logger, closeGraceMs, readPush } = options;
  const app = createApp({ logger, closeGraceMs });
  if (options.githubSecrets.length > 0) app.register(githubWebhook, options);
  if (readPush) app.register(pushPage, { readPush });
  return app;
}
