import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { createApp } from './create-app.ts';
import { type PushApiOptions, pushApi } from './push-api.ts';

interface InternalAppOptions {
  /** False only if a restart would help. */
  isLive(): boolean;
  /** Whether requests should come here; `checks` says for each dependency how it is. */
  readiness(): Promise<{ readonly ready: boolean; readonly checks: Readonly<Record<string, string>> }>;
  /** Prometheus text format. */
  metrics(): Promise<string>;
  /** Without it there is no API. */
  readonly api?: PushApiOptions | undefined;
  readonly logger?: FastifyBaseLogger | undefined;
  readonly closeGraceMs?: number | undefined;
}

/** The listener for the cluster: `/livez`, `/readyz`, `/metrics`, `/api`. */
export function createInternalApp(options: InternalAppOptions): FastifyInstance {
  const app = createApp(options);
  app.get('/livez', async (_request, reply) => {
    const live = options.isLive();
    return reply.code(live ? 200 : 503).send({ live });
  });
  app.get('/readyz', async (_request, reply) => {
    const { ready, checks } = await options.readiness();
    return reply.code(ready ? 200 : 503).send({ ready, checks });
  });
  app.get('/metrics', async (_request, reply) => {
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await options.metrics());
  });
  if (options.api) app.register(pushApi, options.api);
  return app;
}
