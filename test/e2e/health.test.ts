import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../src/model/conditions.ts';
import {
  deployedStory,
  followedStory,
  hasCondition,
  hasEvent,
  listEvents,
  makeNeverReady,
} from '../support/deploy-story.ts';
import { makeConfigMap, makeDeployment, makeKustomization } from '../support/make-kustomization.ts';

const JOB = `apiVersion: batch/v1
kind: Job
metadata:
  name: lint
spec:
  backoffLimit: 0
  suspend: true
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: lint
        image: lint:v1
`;

describe('health checks', () => {
  test('wait for the named objects only, be they somebody else’s', async (t) => {
    const { story, first } = await followedStory(t, {
      'settings.yaml': makeConfigMap('settings', { a: 'b' }),
      'slow.yaml': makeNeverReady('slow'),
    });
    const { namespace } = story;
    await story.create(
      makeKustomization(
        { namespace },
        { timeout: '30m', healthChecks: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'foreign', namespace }] },
      ),
    );
    await hasCondition(story, {
      type: 'Ready',
      status: 'Unknown',
      message: new RegExp(`waiting for: \\[Deployment/${namespace}/foreign status: 'NotFound'\\]`),
    });

    await story.kubectl('create', 'deployment', 'foreign', '--image=foreign:v1');

    const ready = await story.applied(first);
    assert.match(findCondition(ready.status?.conditions, 'Healthy')?.message ?? '', /^Health check passed in /);
    await hasEvent(story, 'Succeeded', 'Health check passed in ');
  });

  test('by expressions judge a kind that has no rule, and a failed one ends the wait at once', async (t) => {
    const config = (phase: string) => makeConfigMap('release', { phase });
    const { story, push } = await followedStory(t, { 'release.yaml': config('rolling') });
    const { namespace } = story;
    await story.create(
      makeKustomization(
        { namespace },
        {
          wait: true,
          timeout: '30m',
          retryInterval: '1h',
          healthCheckExprs: [
            {
              apiVersion: 'v1',
              kind: 'ConfigMap',
              current: "data.phase == 'done'",
              failed: "data.phase == 'broken'",
            },
          ],
        },
      ),
    );
    await hasCondition(story, {
      type: 'Ready',
      status: 'Unknown',
      message: new RegExp(`waiting for: \\[ConfigMap/${namespace}/release status: 'InProgress'`),
    });

    await push({ 'release.yaml': config('broken') });
    await hasCondition(story, {
      type: 'Healthy',
      status: 'False',
      message: new RegExp(`failed early due to stalled resources: \\[ConfigMap/${namespace}/release status: 'Failed'`),
    });

    await story.applied(await push({ 'release.yaml': config('done') }));
  });

  test('that cannot be compiled are refused for good, and nothing is applied', async (t) => {
    const { story } = await followedStory(t, { 'settings.yaml': makeConfigMap('settings', { a: 'b' }) });
    const { namespace } = story;
    await story.create(
      makeKustomization(
        { namespace },
        { wait: true, healthCheckExprs: [{ apiVersion: 'v1', kind: 'ConfigMap', current: 'status.(' }] },
      ),
    );

    await hasCondition(story, {
      type: 'Stalled',
      status: 'True',
      reason: 'InvalidCELExpression',
      message: /Reconciliation failed terminally due to configuration error: .*spec\.healthCheckExprs\[0\]\.current/s,
    });
    assert.equal(await story.get('v1', 'ConfigMap', 'settings'), undefined);
  });

  test('that fail later are seen at the next sync, and their recovery is told once', async (t) => {
    const { story, first } = await followedStory(t, { 'release.yaml': makeConfigMap('release', { a: 'b' }) });
    const { namespace, kubectl, client } = story;
    const state = `has(metadata.annotations) && 'state' in metadata.annotations && metadata.annotations['state'] == 'broken'`;
    const healthCheckExprs = [{ apiVersion: 'v1', kind: 'ConfigMap', current: 'true', failed: state }];
    await story.create(
      makeKustomization({ namespace }, { wait: true, timeout: '30m', retryInterval: '1h', healthCheckExprs }),
    );
    await story.applied(first);

    const annotate = (value: string | null) =>
      client.mergePatch(
        { group: '', version: 'v1', kind: 'ConfigMap', namespace, name: 'release' },
        { metadata: { annotations: { state: value } } },
        { fieldManager: 'operator' },
      );
    await annotate('broken');
    await kubectl('annotate', 'kustomization', 'app', 'reconcile.fluxcd.io/requestedAt=one');
    await hasCondition(story, {
      type: 'Healthy',
      status: 'False',
      message: new RegExp(`failed early due to stalled resources: \\[ConfigMap/${namespace}/release status: 'Failed'`),
    });
    await annotate(null);
    await hasCondition(story, { type: 'Healthy', status: 'True', message: /^Health check passed/ });

    const passed = (await listEvents(story)).filter((event) => event.startsWith('Succeeded: Health check passed'));
    assert.equal(passed.length, 2, passed.join('\n'));
  });

  test('a Job that was cleaned up by its own time to live stays gone, and counts as healthy', async (t) => {
    const { story, push } = await deployedStory(
      t,
      {
        'job.yaml': JOB.replace('  suspend: true\n', '  ttlSecondsAfterFinished: 0\n'),
        'web.yaml': makeDeployment('web', 'web:v1'),
      },
      { wait: true, timeout: '30m' },
    );
    const sha = await push({ 'web.yaml': makeDeployment('web', 'web:v2') });

    await story.applied(sha);

    const runs = (await listEvents(story)).filter((event) => event.includes(`Job/${story.namespace}/lint created`));
    assert.equal(runs.length, 1, runs.join('\n'));
    assert.equal(await story.get('batch/v1', 'Job', 'lint'), undefined);
  });
});
