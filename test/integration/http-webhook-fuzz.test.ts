import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { startPublicApp } from '../support/start-public-app.ts';
import { allSecrets, type PushFacts, SENDERS } from '../support/webhook-senders.ts';

const NUM_RUNS = 40;
/** HAWSER_TEST_SEED repeats a run. */
const SEED = Number(process.env.HAWSER_TEST_SEED ?? Date.now() % 2 ** 31);
const PUSH: PushFacts = {
  repository: 'acme/app',
  ref: 'refs/heads/main',
  before: 'a'.repeat(40),
  after: 'b'.repeat(40),
};

for (const sender of SENDERS) {
  test(`whatever ${sender.name} signs is answered, never by a 5xx, and the next push is taken`, async (t) => {
    const webhookSecrets = allSecrets({ signed: sender.secretName === 'gitlabSigning' });
    const { url, deliveries } = await startPublicApp(t, { webhookSecrets });
    const post = async (payload: unknown) => {
      const { headers, body } = sender.send(payload, sender.secret);
      const response = await fetch(new URL(sender.path, url), { method: 'POST', headers, body: new Uint8Array(body) });
      await response.arrayBuffer();
      return response.status;
    };
    const good = JSON.stringify(sender.payload(PUSH));
    const damaged = fc
      .tuple(fc.nat(good.length), fc.nat(20), fc.oneof(fc.json({ maxDepth: 3 }), fc.string({ unit: 'binary' })))
      .map(([at, length, text]) => good.slice(0, at) + text + good.slice(at + length));
    const counts = new Map<number, number>();

    await fc.assert(
      fc.asyncProperty(fc.oneof(damaged, fc.json()), async (text) => {
        const status = await post(text);
        counts.set(status, (counts.get(status) ?? 0) + 1);
        assert.ok([202, 400].includes(status), `${status}`);
      }),
      { seed: SEED, numRuns: NUM_RUNS },
    );

    t.diagnostic(`seed ${SEED}, ${[...counts].map(([status, count]) => `${status}: ${count}`).join(', ')}`);
    const before = deliveries.length;
    assert.equal(await post(sender.payload(PUSH)), 202);
    assert.ok(deliveries.length > before);
  });
}
