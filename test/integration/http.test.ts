import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { createArtifactStore } from '../../src/artifact/artifact-store.ts';
import { HawserError } from '../../src/errors/hawser-error.ts';
import { Secret } from '../../src/errors/secret.ts';
import { createArtifactApp } from '../../src/http/artifact-app.ts';
import { createInternalApp } from '../../src/http/internal-app.ts';
import { createPublicApp } from '../../src/http/public-app.ts';
import type { PushView } from '../../src/http/push-view.ts';

async function listen(t: TestContext, app: FastifyInstance): Promise<string> {
  t.after(() => app.close());
  return app.listen({ host: '127.0.0.1', port: 0 });
}

const CANARY = new Secret('canary-of-the-push-page');
const PUSH: PushView = {
  id: 'p1',
  heard: 'webhook',
  repository: 'acme/app',
  ref: 'refs/heads/<main>',
  after: 'b'.repeat(40),
  heardAt: '2026-01-01T00:00:00.000Z',
  steps: [{ at: '2026-01-01T00:00:00.100Z', step: 'fetched', detail: `from https://bot:${CANARY.reveal()}@host/x` }],
  matched: ['GitRepository/default/app'],
  unmatched: [],
  outcomes: { 'Kustomization/default/app': { kind: 'failed', message: CANARY.reveal(), at: '2026-01-01T00:00:01Z' } },
};

function startPublic(t: TestContext, readPush: (id: string) => Promise<PushView | undefined>): Promise<string> {
  const addDelivery = () => assert.fail('no delivery is sent');
  return listen(t, createPublicApp({ webhookSecrets: {}, addDelivery, readPush }));
}

test('a push is shown as JSON to programs, without secrets', async (t) => {
  const url = await startPublic(t, async (id) => (id === 'p1' ? PUSH : undefined));

  const response = await fetch(`${url}/pushes/p1`);

  const text = await response.text();
  assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
  assert.equal(JSON.parse(text).steps[0].detail, 'from https://[redacted]@host/x');
  assert.doesNotMatch(text, /canary/);
});

test('a push is shown as a page to browsers: no script, everything escaped, without secrets', async (t) => {
  const url = await startPublic(t, async () => PUSH);

  const response = await fetch(`${url}/pushes/p1`, {
    headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
  });

  const text = await response.text();
  assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.match(response.headers.get('content-security-policy') ?? '', /^default-src 'none'/);
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
  assert.match(text, /<h1>acme\/app refs\/heads\/&lt;main&gt;<\/h1>/);
  assert.doesNotMatch(text, /canary|<script/);
});

test('a push that is not known answers 404, and odd ids are not even looked up', async (t) => {
  const asked: string[] = [];
  const url = await startPublic(t, async (id) => {
    asked.push(id);
    return undefined;
  });

  for (const id of ['unknown', '..%2f..%2fx', '%00', 'x'.repeat(99), 'a b', '{hawser}']) {
    assert.equal((await fetch(`${url}/pushes/${id}`)).status, 404, id);
  }

  assert.deepEqual(asked, ['unknown', 'x'.repeat(99)]);
});

test('while push records cannot be read the page answers 503 and says nothing of the cause', async (t) => {
  const url = await startPublic(t, () => Promise.reject(new HawserError('INTERNAL', 'redis at 10.0.0.1 is away')));

  const response = await fetch(`${url}/pushes/p1`);

  assert.equal(response.status, 503);
  assert.equal(response.headers.get('retry-after'), '5');
  assert.doesNotMatch(await response.text(), /10\.0\.0\.1/);
});

test('unknown paths, methods and malformed URLs are answered in JSON, without repeating them', async (t) => {
  const url = await startPublic(t, async () => undefined);
  const requests = [
    fetch(`${url}/<x>`),
    fetch(`${url}/pushes/p1`, { method: 'DELETE' }),
    fetch(`${url}/x`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' }),
    fetch(`${url}/%zz`),
  ];

  const answers = await Promise.all(
    requests.map(async (request) => [(await request).status, await (await request).text()]),
  );

  assert.deepEqual(
    answers.map(([status]) => status),
    [404, 404, 404, 400],
  );
  for (const [, text] of answers) assert.ok(JSON.parse(String(text)).error.message);
  assert.doesNotMatch(JSON.stringify(answers), /%zz|<x>|%3C/i);
});

const READY = { ready: true, checks: { redis: 'ok' } };
const NOT_READY = { ready: false, checks: { redis: 'connecting' } };

const INTERNAL = [
  { name: 'a live process', path: '/livez', live: true, readiness: READY, want: '200 {"live":true}' },
  {
    name: 'a process that must be restarted',
    path: '/livez',
    live: false,
    readiness: READY,
    want: '503 {"live":false}',
  },
  {
    name: 'a live process that is not ready',
    path: '/livez',
    live: true,
    readiness: NOT_READY,
    want: '200 {"live":true}',
  },
  { name: 'a ready process', path: '/readyz', live: true, readiness: READY, want: `200 ${JSON.stringify(READY)}` },
  {
    name: 'a process that is not ready',
    path: '/readyz',
    live: true,
    readiness: NOT_READY,
    want: `503 ${JSON.stringify(NOT_READY)}`,
  },
  { name: 'metrics', path: '/metrics', live: true, readiness: READY, want: '200 hawser_up 1\n' },
];

for (const { name, path, live, readiness, want } of INTERNAL) {
  test(`the internal listener shows ${name} at ${path}`, async (t) => {
    const app = createInternalApp({
      isLive: () => live,
      readiness: async () => readiness,
      metrics: async () => 'hawser_up 1\n',
    });
    const url = await listen(t, app);

    const response = await fetch(url + path);

    assert.equal(`${response.status} ${await response.text()}`, want);
  });
}

test('a readiness check that throws is an answer, not a crash', async (t) => {
  const readiness = () => Promise.reject(new Error('canary'));
  const url = await listen(t, createInternalApp({ isLive: () => true, readiness, metrics: async () => '' }));

  const response = await fetch(`${url}/readyz`);

  assert.equal(response.status, 500);
  assert.doesNotMatch(await response.text(), /canary/);
});

async function startArtifacts(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), 'hawser-artifacts-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const store = createArtifactStore({ dir, publicUrl: 'http://unused/' });
  const tree = {
    list: async () => [{ name: 'a.yaml', kind: 'file', executable: false } as const],
    read: async () => Buffer.from('a: b\n'),
  };
  const stored = await store.write({
    namespace: 'default',
    name: 'app',
    sha: 'a'.repeat(40),
    tree,
    ignored: () => false,
  });
  await writeFile(join(dir, 'secret'), 'canary');
  const url = await listen(t, createArtifactApp({ openArtifact: store.open }));
  return { dir, url, stored };
}

test('an artifact is served whole, with its size and type', async (t) => {
  const { dir, url, stored } = await startArtifacts(t);

  const response = await fetch(`${url}/${stored.path}`);

  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'application/gzip');
  assert.equal(response.headers.get('content-length'), String(stored.size));
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), await readFile(join(dir, stored.path)));
});

test('HEAD tells an artifact’s size without its content', async (t) => {
  const { url, stored } = await startArtifacts(t);

  const response = await fetch(`${url}/${stored.path}`, { method: 'HEAD' });

  assert.equal(`${response.status} ${response.headers.get('content-length')}`, `200 ${stored.size}`);
  assert.equal(await response.text(), '');
});

test('no path leads out of the artifacts', async (t) => {
  const { url } = await startArtifacts(t);
  const paths = [
    '/secret',
    '/..%2fsecret',
    '/gitrepository%2f..%2fsecret',
    '/gitrepository/default/app/..%2f..%2f..%2fsecret',
    '/',
  ];

  for (const path of paths) {
    const response = await fetch(url + path);
    assert.equal(response.status, 404, path);
    assert.doesNotMatch(await response.text(), /canary/);
  }
});
