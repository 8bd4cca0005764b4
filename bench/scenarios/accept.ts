import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { makePush } from '../../test/support/make-push.ts';
import type { Stage } from '../stage.ts';
import { percentile } from '../statistics.ts';

const CONNECTIONS = 20;
const WARM_UPS = 5;

/**
 * Signed pushes of a ref that nobody follows, by 20 connections that each send the next one when the last one was
 * answered: what a delivery costs until it is verified and stored. Times count from the request to the whole answer.
 */
export async function accept(stage: Stage, deliveriesPerConnection: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const times: number[] = [];
  const startedAt = performance.now();
  const lanes = Array.from({ length: CONNECTIONS }, async () => {
    for (let n = 0; n < WARM_UPS + deliveriesPerConnection; n++) {
      const took = await deliver(stage, agent);
      if (n >= WARM_UPS) times.push(took);
    }
  });
  await Promise.all(lanes);
  const seconds = (performance.now() - startedAt) / 1_000;
  agent.destroy();
  const perSecond = (CONNECTIONS * (WARM_UPS + deliveriesPerConnection)) / seconds;
  return { count: times.length, perSecond, p50: percentile(times, 50), p99: percentile(times, 99) };
}

async function deliver({ webhook, repository }: Stage, agent: Agent): Promise<number> {
  const { headers, body } = makePush({
    secret: webhook.secret,
    repository: 'acme/app',
    url: repository.url,
    ref: 'refs/heads/nobody-follows-this',
    after: randomUUID().replaceAll('-', '').padEnd(40, '0'),
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const startedAt = performance.now();
  const sending = request(webhook.url, { method: 'POST', headers, agent }, (response) => {
    response.resume().on('error', reject);
    response.on('end', () => {
      if (response.statusCode === 202) resolve(performance.now() - startedAt);
      else reject(new Error(`a delivery was answered with ${response.statusCode}`));
    });
  });
  sending.on('error', reject).end(body);
  return promise;
}
