import type { TestContext } from 'node:test';
import type { ReceivedDelivery } from '../../src/http/accept-delivery.ts';
import type { ObservedDelivery } from '../../src/http/delivery-edge.ts';
import { createPublicApp, type PublicAppOptions } from '../../src/http/public-app.ts';
import { createLogger } from '../../src/telemetry/create-logger.ts';

/** A public listener on a free port, what it accepted, and every line that it logged. */
export async function startPublicApp(
  t: TestContext,
  options: Pick<PublicAppOptions, 'webhookSecrets'> & Partial<PublicAppOptions>,
) {
  const deliveries: ReceivedDelivery[] = [];
  const observed: ObservedDelivery[] = [];
  let log = '';
  const destination = {
    write(line: string) {
      log += line;
    },
  };
  const app = createPublicApp({
    addDelivery: async (delivery) => {
      deliveries.push(delivery);
      return { pushId: `p${deliveries.length}`, redelivered: false };
    },
    observe: (delivery) => observed.push(delivery),
    externalUrl: 'https://hawser.example.com',
    logger: createLogger({ level: 'debug', destination }),
    closeGraceMs: 200,
    ...options,
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0, backlog: 4_096 });
  t.after(() => app.close());
  return { app, url, port: Number(new URL(url).port), deliveries, observed, readLog: () => log };
}
