import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMetrics } from '../../../src/telemetry/metrics.ts';

const NAMES_OF_PEOPLE_AND_SETS = [
  'kind',
  'name',
  'namespace',
  'queue',
  'provider',
  'result',
  'step',
  'action',
  'trigger',
  'reason',
  'le',
];

async function renderLines(metrics: ReturnType<typeof createMetrics>): Promise<string[]> {
  return (await metrics.render()).split('\n').filter((line) => line.startsWith('hawser_'));
}

describe('the metrics', () => {
  test('show what was counted', async () => {
    const metrics = createMetrics();
    metrics.syncsTotal.inc({ kind: 'Kustomization', result: 'done' });
    metrics.lastSuccessfulSyncTimestampSeconds.set({ kind: 'GitRepository', namespace: 'prod', name: 'app' }, 12.5);

    const lines = await renderLines(metrics);

    assert.ok(lines.includes('hawser_syncs_total{kind="Kustomization",result="done"} 1'));
    assert.ok(
      lines.some((line) => line.startsWith('hawser_last_successful_sync_timestamp_seconds{') && line.endsWith(' 12.5')),
    );
  });

  test('read the queues anew each time', async () => {
    const metrics = createMetrics();
    let depth = 3;
    metrics.observeQueues(() => Promise.resolve([{ queue: 'delivery', depth, oldestSeconds: 1.5 }]));
    await metrics.render();
    depth = 4;

    const lines = await renderLines(metrics);

    assert.ok(lines.includes('hawser_queue_depth{queue="delivery"} 4'));
    assert.ok(lines.includes('hawser_queue_oldest_seconds{queue="delivery"} 1.5'));
    assert.ok(lines.includes('hawser_queues_readable 1'));
  });

  test('say so when the queues cannot be read, and forget the old numbers', async () => {
    const metrics = createMetrics();
    metrics.observeQueues(() => Promise.resolve([{ queue: 'delivery', depth: 3, oldestSeconds: 1 }]));
    await metrics.render();
    metrics.observeQueues(() => Promise.reject(new Error('Redis is away')));

    const lines = await renderLines(metrics);

    assert.ok(lines.includes('hawser_queues_readable 0'));
    assert.ok(!lines.some((line) => line.startsWith('hawser_queue_depth{')));
  });

  test('are named in base units, with labels from closed sets only', async () => {
    const metrics = createMetrics();
    metrics.syncDurationSeconds.observe({ kind: 'Kustomization', step: 'apply' }, 1);

    const text = await metrics.render();

    const families = [...text.matchAll(/^# TYPE (hawser_\w+) (\w+)$/gm)];
    assert.ok(families.length >= 10);
    for (const [, name, type] of families) assert.equal(name?.endsWith('_total'), type === 'counter', name);
    const labels = new Set(
      [...text.matchAll(/^hawser_.*$/gm)].flatMap(([line]) => [...line.matchAll(/(\w+)="/g)].map(([, label]) => label)),
    );
    assert.deepEqual(
      [...labels].filter((label) => !NAMES_OF_PEOPLE_AND_SETS.includes(label ?? '')),
      [],
    );
  });

  test('of two processes in one test do not mix', async () => {
    const [first, second] = [createMetrics(), createMetrics()];

    first.changedObjectsTotal.inc({ action: 'created' });

    assert.ok((await renderLines(first)).some((line) => line.startsWith('hawser_changed_objects_total{')));
    assert.ok(!(await renderLines(second)).some((line) => line.startsWith('hawser_changed_objects_total{')));
  });
});
