import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { createApp } from './create-app.ts';

interface InternalAppOptions {
  /** False only if a restart would help. */
  isLive(): boolean;
  /** Whether requests should come here; `checks` says for each dependency how it is. */
  readiness(): Promise<{ readonly ready: boolean; readonly checks: Readonly<Record<string, string>> }>;
  /** Prometheus text format. */
  metrics(): Promise<string>;
  readonly logger?: FastifyBaseLogger | undefined;
  readonly closeGraceMs?: number | undefined;
}

/** The listener for the cluster: `/livez`, `/readyz`, `/metrics`. */
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
  return app;
}
