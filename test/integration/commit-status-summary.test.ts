import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { HawserError } from '../../src/errors/hawser-error.ts';
import type { GitRepository } from '../../src/model/git-repository.ts';
import type { Kustomization } from '../../src/model/kustomization.ts';
import { createPushRecords } from '../../src/push-record/create-push-records.ts';
import type { CommitStatusRequest } from '../../src/queue/commit-status-request.ts';
import type { SyncOutcome } from '../../src/sync/outcome.ts';
import { createLogger } from '../../src/telemetry/create-logger.ts';
import { createPushReports } from '../../src/worker/report-pushes.ts';
import { startRedis, type TestRedis } from '../support/start-redis.ts';

let redis: TestRedis;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const source = {
  metadata: { name: 'shop', namespace: 'default' },
  spec: { url: 'https://github.com/acme/shop' },
} as unknown as GitRepository;

function makeKustomization(name: string, spec: object = {}): Kustomization {
  const sourceRef = { kind: 'GitRepository', name: 'shop' };
  return { metadata: { name, namespace: 'default' }, spec: { sourceRef, ...spec } } as unknown as Kustomization;
}

const [web, api] = [makeKustomization('web'), makeKustomization('api')];
const attempt = { startedAt: new Date(0), steps: [], changes: [], corrections: [] };
const done = (sha: string): SyncOutcome => ({ kind: 'done', revision: `main@sha1:${sha}`, changes: [] });
const failed: SyncOutcome = {
  kind: 'failed',
  revision: undefined,
  error: new HawserError('KUBE_REJECTED', 'web refused'),
};

/** One clock for all workers. */
let time = Date.parse('2026-01-01T00:00:00Z');

/** A worker's reports on a real Redis, and how every commit status stands; several workers may share one prefix. */
function startReports(prefix = `{${randomUUID()}}`) {
  const pushRecords = createPushRecords({ redis: redis.client, prefix });
  const requested: CommitStatusRequest[] = [];
  const cluster = new Map([web, api].map((kustomization) => [kustomization.metadata.name, kustomization]));
  let current: string | undefined;
  const reports = createPushReports({
    pushRecords,
    queues: { requestCommitStatus: async (request) => void requested.push(request) },
    logger: createLogger({ level: 'error' }),
    now: () => new Date(time++),
    reportsTo: () => true,
    hasSource: ({ name }) => name === 'shop',
    kustomization: ({ name }) => cluster.get(name),
    currentSha: () => current,
    pushUrl: (id) => `https://hawser.example/${id}`,
  });
  const open = (sha: string) => pushRecords.open({ heard: 'poll', after: sha, heardAt: '2026-01-01T00:00:00.000Z' });
  const announce = async (
    sha: string,
    {
      affected,
      followers = 10,
      overtaken = [] as { sha: string; pushId: string | undefined }[],
    }: {
      affected: readonly Kustomization[];
      followers?: number;
      overtaken?: { sha: string; pushId: string | undefined }[];
    },
  ) => {
    const pushId = await open(sha);
    reports.announced({ source, sha, pushId, affected, followers, overtaken });
    await reports.flush();
    return pushId;
  };
  const end = async (kustomization: Kustomization, outcome: SyncOutcome, sha: string, pushIds: readonly string[]) => {
    reports.ended({ kustomization, source, sha, pushIds }, outcome, attempt);
    await reports.flush();
  };
  const read = async (sha: string, name = 'shop') => {
    const key = { source: { kind: 'GitRepository' as const, namespace: 'default', name: 'shop' }, sha };
    const { wanted } = (await pushRecords.readStatus({ ...key, context: `hawser/default/${name}` })) ?? {};
    return wanted && `${wanted.state}: ${wanted.description}`;
  };
  const leave = async (kustomization: Kustomization) => {
    if (kustomization.spec.suspend) cluster.set(kustomization.metadata.name, kustomization);
    else cluster.delete(kustomization.metadata.name);
    reports.left(kustomization);
    await reports.flush();
  };
  const settle = async (sha: string) => {
    current = sha;
    reports.settle(source);
    await reports.flush();
  };
  return { prefix, pushRecords, requested, announce, end, read, open, leave, settle, cluster };
}

test('the summary is pending until the last one has its result, and then counts', async () => {
  const { announce, end, read, requested } = startReports();
  const push = await announce(A, { affected: [web, api] });
  assert.equal(await read(A), 'pending: 2 pending, 8 unaffected');

  await end(web, done(A), A, [push]);
  assert.equal(await read(A), 'pending: 2 pending, 8 unaffected', 'counting down would use up the rate limit');
  await end(api, done(A), A, [push]);

  assert.equal(await read(A), 'success: 2 deployed, 8 unaffected');
  assert.equal(await read(A, 'api'), 'success: deployed: 0 objects, nothing to change');
  const summaries = requested.filter(({ context }) => context === 'hawser/default/shop');
  assert.deepEqual(
    summaries.map(({ final }) => final),
    [false, true],
  );
});

test('a failure is named, and mended by a later sync that nobody pushed for', async () => {
  const { announce, end, read } = startReports();
  const push = await announce(A, { affected: [web, api] });
  await end(api, done(A), A, [push]);

  await end(web, failed, A, [push]);
  assert.equal(await read(A), 'failure: 1 failed, 1 deployed, 8 unaffected: default/web: web refused');
  await end(web, done(A), A, []);

  assert.equal(await read(A), 'success: 2 deployed, 8 unaffected');
});

test('another worker, which has not heard of the push, ends it all the same', async () => {
  const first = startReports();
  const push = await first.announce(A, { affected: [web, api] });
  await first.end(web, { kind: 'blocked', reason: '', message: 'db is not ready' }, A, [push]);
  const second = startReports(first.prefix);

  await second.end(api, done(A), A, [push]);
  await second.end(web, done(A), A, []);

  assert.equal(await second.read(A), 'success: 2 deployed, 8 unaffected');
});

test('a push that changes nothing is a success at once', async () => {
  const { announce, read } = startReports();

  await announce(A, { affected: [], followers: 3 });

  assert.equal(await read(A), 'success: 3 unaffected');
});

test('a Kustomization that is called like a source speaks in the summary alone', async () => {
  const { announce, end, read, requested } = startReports();
  const shop = makeKustomization('shop');
  const push = await announce(A, { affected: [shop], followers: 1 });

  await end(shop, failed, A, [push]);

  assert.equal(await read(A), 'failure: web refused');
  assert.equal(requested.length, 2);
});

test('a suspended Kustomization holds no summary up, before or after the push', async () => {
  const { announce, end, read } = startReports();
  const push = await announce(A, { affected: [web, makeKustomization('old', { suspend: true })], followers: 2 });

  await end(web, { kind: 'suspended' }, A, [push]);

  assert.equal(await read(A), 'success: 2 suspended');
});

const waiting = (sha: string): SyncOutcome => ({
  kind: 'waiting',
  revision: `main@sha1:${sha}`,
  deadline: new Date(0),
  unhealthy: ['Deployment/default/web'],
});

test('a Kustomization that vanishes before its sync, or while it waits, is answered for', async () => {
  const { announce, end, read, leave } = startReports();
  const push = await announce(A, { affected: [web, api] });
  await end(web, waiting(A), A, [push]);

  await leave(web);
  assert.equal(await read(A, 'web'), 'error: not deployed: the Kustomization was deleted');
  assert.equal(await read(A), 'pending: 2 pending, 8 unaffected');
  await leave(api);

  assert.match((await read(A)) ?? '', /^error: 2 not deployed, 8 unaffected: .*the Kustomization was deleted$/);
  assert.equal(await read(A, 'api'), undefined, 'nobody was told that it had begun');
});

test('a Kustomization that is suspended while it waits holds nothing up, and says so until it is resumed', async () => {
  const { announce, end, read, leave, cluster } = startReports();
  const push = await announce(A, { affected: [web] });
  await end(web, waiting(A), A, [push]);

  await leave(makeKustomization('web', { suspend: true }));
  assert.equal(await read(A, 'web'), 'error: not deployed: the Kustomization is suspended');
  assert.equal(await read(A), 'success: 1 suspended, 9 unaffected');
  cluster.set('web', web);
  await end(web, done(A), A, []);

  assert.equal(await read(A, 'web'), 'success: deployed: 0 objects, nothing to change');
  assert.equal(await read(A), 'success: 1 deployed, 9 unaffected');
});

test('a Kustomization that is suspended while it is at work ends as suspended, whatever it waits for then', async () => {
  const { announce, end, read, leave } = startReports();
  const push = await announce(A, { affected: [web] });
  await leave(makeKustomization('web', { suspend: true }));

  await end(web, waiting(A), A, [push]);

  assert.equal(await read(A, 'web'), 'error: not deployed: the Kustomization is suspended');
  assert.equal(await read(A), 'success: 1 suspended, 9 unaffected');
});

test('a Kustomization that has its result keeps it when it is deleted', async () => {
  const { announce, end, read, leave } = startReports();
  const push = await announce(A, { affected: [web] });
  await end(web, done(A), A, [push]);

  await leave(web);

  assert.equal(await read(A), 'success: 1 deployed, 9 unaffected');
});

test('what vanished while no worker ran is answered for by the next one', async () => {
  const first = startReports();
  const push = await first.announce(A, { affected: [web] });
  await first.end(web, waiting(A), A, [push]);
  const second = startReports(first.prefix);
  second.cluster.delete('web');

  await second.settle(A);

  assert.equal(await second.read(A), 'error: not deployed: the Kustomization was deleted');
  assert.equal(await second.read(A, 'web'), 'error: not deployed: the Kustomization was deleted');
});

test('a push that a newer one overtook before its sync is superseded, and its commit says by which', async () => {
  const { announce, end, read } = startReports();
  const first = await announce(A, { affected: [web] });
  const second = await announce(B, { affected: [web] });

  await end(web, done(B), B, [first, second]);

  assert.equal(await read(A), `error: superseded by ${B.slice(0, 7)}`);
  assert.equal(await read(A, 'web'), undefined, 'nobody was told that it had begun');
  assert.equal(await read(B), 'success: 1 deployed, 9 unaffected');
});

test('a push that its source never saw is superseded, but not one that was deployed', async () => {
  const { announce, end, read, open } = startReports();
  const deployed = await announce(A, { affected: [web] });
  await end(web, done(A), A, [deployed]);
  const unseen = 'c'.repeat(40);

  const overtaken = [
    { sha: A, pushId: deployed },
    { sha: unseen, pushId: await open(unseen) },
  ];
  await announce(B, { affected: [web], overtaken });

  assert.equal(await read(A), 'success: 1 deployed, 9 unaffected');
  assert.equal(await read(unseen), `error: superseded by ${B.slice(0, 7)}`);
});

test('a word that comes late does not replace a newer one', async () => {
  const { pushRecords } = startReports();
  const key = { source: { kind: 'GitRepository' as const, namespace: 'default', name: 'shop' }, sha: A };

  await pushRecords.setWord(key, 'Kustomization/default/web', { state: 'success', description: 'new', at: 2 });
  await pushRecords.setWord(key, 'Kustomization/default/web', { state: 'pending', description: 'old', at: 1 });

  const { words } = await pushRecords.readReach(key);
  assert.equal(words['Kustomization/default/web']?.description, 'new');
});
