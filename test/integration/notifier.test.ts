import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createEventRecorder } from '../../src/kube/create-event-recorder.ts';
import { createNotifier, type NotifierEvent } from '../../src/kube/create-notifier.ts';
import type { KubeEvent } from '../../src/kube/to-event-object.ts';
import { eventually } from '../support/eventually.ts';
import { startNotificationServer } from '../support/start-notification-server.ts';

const REGARDING = {
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  kind: 'Kustomization',
  metadata: {
    name: 'app',
    namespace: 'shop',
    uid: '0c9c2e41-0000-4000-8000-000000000000',
    resourceVersion: '42',
    annotations: { 'event.toolkit.fluxcd.io/team': 'web', 'example.com/other': 'not told' },
  },
};
const REVISION = { 'kustomize.toolkit.fluxcd.io/revision': 'main@sha1:aaaa' };

/** A recorder whose cluster takes nothing, and the server that it notifies. */
async function start(
  t: TestContext,
  { mostWaiting, firstRetryMs = 1 }: { mostWaiting?: number; firstRetryMs?: number } = {},
) {
  const server = await startNotificationServer();
  const seen: NotifierEvent[] = [];
  const notifier = createNotifier({
    url: server.url,
    observe: (event) => void seen.push(event),
    firstRetryMs,
    ...(mostWaiting === undefined ? {} : { mostWaiting }),
  });
  const down = () => Promise.reject(new Error('no cluster here'));
  const recorder = createEventRecorder(
    { create: down, mergePatch: down },
    {
      component: 'kustomize-controller',
      instance: 'hawser-0',
      now: () => new Date('2026-01-01T10:00:00.5Z'),
      notifier,
    },
  );
  t.after(async () => {
    await notifier.stop();
    await server.stop();
  });
  const record = (message: string, event: Partial<KubeEvent> = {}) =>
    recorder.record({
      regarding: REGARDING,
      type: 'Normal',
      reason: 'Progressing',
      message,
      annotations: REVISION,
      ...event,
    });
  const settled = (count: number) => eventually(() => assert.equal(seen.length, count));
  return { server, notifier, record, seen, settled, results: () => seen.map(({ result }) => result) };
}

test('an event is sent field for field as Flux’s controllers send it', async (t) => {
  const { server, record, settled } = await start(t);

  record('ConfigMap/shop/a created');
  await settled(1);

  assert.deepEqual(server.problems, []);
  assert.deepEqual(server.events, [
    {
      involvedObject: {
        kind: 'Kustomization',
        namespace: 'shop',
        name: 'app',
        uid: REGARDING.metadata.uid,
        apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
        resourceVersion: '42',
      },
      severity: 'info',
      timestamp: '2026-01-01T10:00:00Z',
      message: 'ConfigMap/shop/a created',
      reason: 'Progressing',
      metadata: { 'event.toolkit.fluxcd.io/team': 'web', ...REVISION },
      reportingController: 'kustomize-controller',
      reportingInstance: 'hawser-0',
    },
  ]);
});

const SEVERITIES: readonly [name: string, event: Partial<KubeEvent>, want: string][] = [
  ['a warning is an error', { type: 'Warning' }, 'error'],
  ['a warning about what was applied is none', { type: 'Warning', severity: 'info' }, 'info'],
];

for (const [name, event, want] of SEVERITIES) {
  test(`${name} to an Alert`, async (t) => {
    const { server, record, settled } = await start(t);

    record('said', event);
    await settled(1);

    assert.equal(server.events[0]?.severity, want);
  });
}

test('what is sent twice is answered as a duplicate, which is fine, and the order is kept', async (t) => {
  const { server, record, settled, results } = await start(t);

  for (const message of ['one', 'one', 'two']) record(message);
  await settled(3);

  assert.deepEqual(results(), ['sent', 'duplicate', 'sent']);
  assert.deepEqual(
    server.events.map(({ message }) => message),
    ['one', 'two'],
  );
});

test('every event is sent, however few of them the cluster is told', async (t) => {
  const { server, record, settled } = await start(t);

  for (let count = 0; count < 40; count++) record(`number ${count}`);
  await settled(40);

  assert.equal(server.events.length, 40);
});

test('a controller in trouble is tried five times, and is sent the next event', async (t) => {
  const { server, record, settled, results } = await start(t);
  server.misbehave(503);

  record('lost');
  await settled(1);
  server.misbehave(undefined);
  record('heard');
  await settled(2);

  assert.deepEqual(server.answers, [503, 503, 503, 503, 503, 202]);
  assert.deepEqual(results(), ['dropped', 'sent']);
});

test('what comes back in time loses nothing', async (t) => {
  const { server, record, settled, results } = await start(t, { firstRetryMs: 20 });
  server.misbehave(500);
  record('one');
  record('two');
  await eventually(() => assert.ok(server.answers.length >= 2));
  server.misbehave(undefined);

  await settled(2);

  assert.deepEqual(results(), ['sent', 'sent']);
});

test('a refusal is told and not repeated', async (t) => {
  const { server, record, seen, settled } = await start(t);
  server.misbehave(400);

  record('odd');
  await settled(1);

  assert.deepEqual(server.answers, [400]);
  assert.ok(seen[0] && 'problem' in seen[0]);
  assert.match(seen[0].problem, /400/);
});

test('beyond its bound the queue drops the oldest', async (t) => {
  const { server, record, seen, settled } = await start(t, { mostWaiting: 2, firstRetryMs: 50 });
  server.misbehave(503);
  record('under way');
  await eventually(() => assert.ok(server.answers.length > 0));

  for (const message of ['old', 'new', 'newer']) record(message);
  await settled(1);
  server.misbehave(undefined);
  await settled(4);

  const dropped = seen.flatMap((event) => ('notification' in event ? [event.notification.message] : []));
  assert.deepEqual(dropped, ['old']);
  assert.deepEqual(
    server.events.map(({ message }) => message),
    ['under way', 'new', 'newer'],
  );
});

test('a stop sends what waits, once each, and takes no more', async (t) => {
  const { server, notifier, record, results } = await start(t, { firstRetryMs: 3_600_000 });
  server.misbehave(503);
  record('one');
  record('two');
  await eventually(() => assert.equal(server.answers.length, 1));
  server.misbehave(undefined);

  await notifier.stop();
  record('late');
  await notifier.stop();

  assert.deepEqual(results(), ['sent', 'sent']);
});

test('secrets are no news', async (t) => {
  const { server, record, settled } = await start(t);

  record('cannot reach https://jane:canary@git.example/app');
  await settled(1);

  assert.doesNotMatch(server.events[0]?.message ?? '', /canary/);
});
