import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createLiveObjects } from '../../../src/apply/live-objects.ts';
import { summarizeOwnership } from '../../../src/apply/ownership.ts';
import type { KubeObject } from '../../../src/model/kube-object.ts';
import { formatKey } from '../../../src/model/object-key.ts';
import { createDriftJudge } from '../../../src/watch/judge-drift.ts';

const LABELS = { 'kustomize.toolkit.fluxcd.io/name': 'app', 'kustomize.toolkit.fluxcd.io/namespace': 'flux' };

describe('what is asked for when an object drifts', () => {
  test('one edit is asked to be put back once, however many events follow it', () => {
    const bench = makeBench();
    bench.written('1');

    for (const version of ['2', '3', '4', '5', '6', '7', '8', '9']) bench.judge(web(version, 'edited'));

    assert.deepEqual(bench.asked, ['now drift Kustomization/flux/app']);
  });

  test('a deletion, or a removed owner label, is put back at once also after many edits of before', () => {
    const bench = makeBench();
    for (const version of ['10', '20', '30']) {
      bench.written(version);
      bench.judge(web(`${version}1`, 'edited'));
    }
    bench.written('1000');
    bench.asked.length = 0;

    bench.judge(web('1001', 'ours'), 'DELETED');

    assert.deepEqual(bench.asked, ['now drift Kustomization/flux/app']);
  });

  test('a fight over a field is slowed down', () => {
    const bench = makeBench();
    for (let round = 1; round <= 8; round++) {
      bench.written(`${round}00`);
      bench.judge(web(`${round}01`, 'edited'));
    }

    assert.deepEqual(
      bench.asked.map((line) => line.split(' ')[0]),
      [...Array(6).fill('now'), 'later', 'later'],
    );
  });

  test('a suspect is settled at most once in ten seconds, and real drift does not wait for it', () => {
    const bench = makeBench();
    bench.written('1');
    bench.judge(web('2', 'ours'));
    bench.written('3');

    bench.judge(web('4', 'ours'));
    bench.judge(web('5', 'edited'));

    assert.deepEqual(
      bench.asked.map((line) => line.split(' ')[0]),
      ['now', 'later', 'now'],
    );
  });

  test('the echo of a write that is still under way is no drift', async () => {
    const bench = makeBench();
    bench.written('1');
    const write = Promise.withResolvers<void>();
    const tracked = bench.live.trackWrite(
      refOfWeb,
      write.promise.then(() => bench.written('2', 'new')),
    );

    bench.judge(web('2', 'new'));
    write.resolve();
    await tracked;

    assert.deepEqual(bench.asked, []);
  });

  test('an object that nobody applied is nobody’s drift', () => {
    const bench = makeBench();

    bench.judge(web('2', 'edited'));

    assert.deepEqual(bench.asked, []);
  });
});

const refOfWeb = { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'app', name: 'web' };

function makeBench() {
  const live = createLiveObjects();
  const asked: string[] = [];
  const judge = createDriftJudge({
    live,
    queues: {
      requestSync: async ({ key, cause }) => void asked.push(`now ${cause} ${formatKey(key)}`),
      wake: async (key, _at, cause) => void asked.push(`later ${cause} ${formatKey(key)}`),
    },
    now: () => new Date(1_000_000),
    onError: (error) => assert.fail(String(error)),
    onDrift: () => undefined,
  });
  return {
    live,
    asked,
    written: (version: string, entry = 'ours') => live.recordWrite(web(version, entry), 'hash'),
    judge: (object: KubeObject, type: 'MODIFIED' | 'DELETED' = 'MODIFIED') =>
      judge.judge(type, object, summarizeOwnership(object)),
  };
}

/** A ConfigMap of ours; `entry` stands for the state of the fields that we own. */
function web(resourceVersion: string, entry: string): KubeObject {
  const own = {
    manager: 'kustomize-controller',
    operation: 'Apply' as const,
    apiVersion: 'v1',
    fieldsV1: { 'f:data': { [`f:${entry}`]: {} } },
  };
  const metadata = { name: 'web', namespace: 'app', uid: 'u', resourceVersion, labels: LABELS, managedFields: [own] };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata };
}
