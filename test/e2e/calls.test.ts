import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeConfigMap, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { type ApiRequest, startApiGate } from '../support/start-api-gate.ts';
import { useStory } from '../support/use-story.ts';

const FILES = {
  'a.yaml': makeConfigMap('a', { n: '1' }),
  'b.yaml': makeConfigMap('b', { n: '1' }),
  'c.yaml': makeConfigMap('c', { n: '1' }),
};

test('a push costs the API server its trials, its writes and two status patches, and an interval without change nothing', async (t) => {
  const story = await useStory(t, { started: false });
  const { namespace, repository } = story;
  const gate = await startApiGate(t, story.kubeconfig);
  const seen: string[] = [];
  gate.hold((request) => {
    const call = describe(request, namespace);
    if (call !== undefined) seen.push(call);
    return false;
  });
  await story.start({ kubeconfig: gate.kubeconfig });
  const first = await repository.commitAndPush(FILES);
  await story.create(makeGitRepository({ namespace }, { url: repository.url }), makeKustomization({ namespace }));
  await story.applied(first);
  // The source's own status is written when it suits.
  const ofKustomization = () => seen.filter((call) => !call.startsWith('source'));
  const callsOf = async (before: string, files: Record<string, string>) => {
    const after = await repository.commitAndPush(files);
    seen.length = 0;
    await story.hook({ before, after });
    await story.applied(after);
    return { after, calls: ofKustomization().sort() };
  };

  const two = await callsOf(first, {
    'a.yaml': makeConfigMap('a', { n: '2' }),
    'b.yaml': makeConfigMap('b', { n: '2' }),
  });
  assert.deepEqual(two.calls, ['apply a', 'apply b', 'status', 'status', 'try a', 'try b']);

  const one = await callsOf(two.after, { 'a.yaml': makeConfigMap('a', { n: '3' }) });
  assert.deepEqual(one.calls, ['apply a', 'status', 'status']);

  const none = await callsOf(one.after, { 'README.md': 'nothing to deploy' });
  assert.deepEqual(none.calls, ['status']);

  seen.length = 0;
  await story.kubectl('annotate', 'kustomization', 'app', 'reconcile.fluxcd.io/requestedAt=now');
  await story.kubectl(
    'wait',
    'kustomization',
    'app',
    '--for=jsonpath={.status.lastHandledReconcileAt}=now',
    '--timeout=30s',
  );
  assert.deepEqual(ofKustomization(), ['status'], 'the answer to the annotation is all that is written');
});

/** What a request of Hawser's does; undefined for watches, events and discovery. */
function describe({ method, path }: ApiRequest, namespace: string): string | undefined {
  const url = new URL(path, 'http://localhost');
  const name = url.pathname.split('/').at(-1);
  if (url.searchParams.has('watch') || url.pathname.endsWith('/events') || url.pathname.includes('/events/'))
    return undefined;
  if (!url.pathname.includes(`/namespaces/${namespace}/`)) return undefined;
  if (url.pathname.includes('source.toolkit')) return `source ${method}`;
  if (url.pathname.includes('/kustomizations')) return name === 'status' ? 'status' : `kustomization ${method}`;
  if (method === 'PATCH') return `${url.searchParams.has('dryRun') ? 'try' : 'apply'} ${name}`;
  return method === 'GET' && url.searchParams.has('labelSelector') ? undefined : `${method} ${name}`;
}
