import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connectRedis } from '../../src/redis/connect-redis.ts';
import type { RedisEvent } from '../../src/redis/own-redis.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/start-redis.ts';

const CONNECT = new URL('../../src/redis/connect-redis.ts', import.meta.url).href;

test('Without a URL a server of our own is started, and ends with stop', async (t) => {
  const dataDir = await makeDir(t);

  const redis = await connectRedis({ dataDir });
  const client = redis.create('plain');
  await client.set('greeting', 'hello');
  const pid = await pidOf(client);
  await redis.stop();
  await redis.stop();

  assert.equal(redis.owned, true);
  assert.equal(isAlive(pid), false);
});

test('What a stopped server of our own held is there after the next start', async (t) => {
  const dataDir = await makeDir(t);
  const first = await connectRedis({ dataDir });
  await first.create('plain').set('kept', 'yes');
  await first.stop();

  const second = await connectRedis({ dataDir });
  t.after(() => second.stop());

  assert.equal(await second.create('plain').get('kept'), 'yes');
});

test('A server that a killed predecessor left behind is adopted, and ends with stop', async (t) => {
  const dataDir = await makeDir(t);
  const pid = await startAndKillOwner(dataDir);
  const events: RedisEvent[] = [];

  const redis = await connectRedis({ dataDir, observe: (event) => events.push(event) });
  const client = redis.create('plain');

  assert.equal(await pidOf(client), pid);
  assert.equal(await client.get('left'), 'behind');
  assert.deepEqual(events, [{ kind: 'server-adopted', pid }]);
  await redis.stop();
  assert.equal(isAlive(pid), false);
});

test('An owner that exits without stop takes its server along', async (t) => {
  const dataDir = await makeDir(t);

  const pid = await startOwner(dataDir, 'process.exit(3)');

  await eventually(() => assert.equal(isAlive(pid), false));
});

for (const adopted of [false, true]) {
  test(`${adopted ? 'An adopted server' : 'A server of our own'} that dies is started again`, async (t) => {
    const dataDir = await makeDir(t);
    if (adopted) await startAndKillOwner(dataDir);
    const events: RedisEvent[] = [];
    const redis = await connectRedis({ dataDir, observe: (event) => events.push(event) });
    t.after(() => redis.stop());
    const client = redis.create('plain');
    const pid = await pidOf(client);

    process.kill(pid, 'SIGKILL');

    const newPid = await eventually(async () => {
      const found = await pidOf(client);
      assert.notEqual(found, pid);
      return found;
    });
    assert.ok(isAlive(newPid));
    assert.ok(events.some(({ kind }) => kind === 'server-died'));
  });
}

test('A data directory with a path longer than a socket may have works, and is adopted too', async (t) => {
  const dataDir = join(await makeDir(t), 'a-long-name-'.repeat(12));
  await mkdir(dataDir);
  const pid = await startAndKillOwner(dataDir);

  const redis = await connectRedis({ dataDir });
  t.after(() => redis.stop());

  assert.equal(await pidOf(redis.create('plain')), pid);
});

test('An append-only file that cannot be read is put aside, and Redis starts empty', async (t) => {
  const dataDir = await makeDir(t);
  await (await connectRedis({ dataDir })).stop();
  const files = join(dataDir, 'redis', 'appendonlydir');
  const [incremental] = (await readdir(files)).filter((name) => name.includes('.incr.'));
  await writeFile(join(files, incremental ?? ''), `*3\r\n$3\r\nSET\r\n${'garbage '.repeat(100)}`);
  const events: RedisEvent[] = [];

  const redis = await connectRedis({ dataDir, observe: (event) => events.push(event) });
  t.after(() => redis.stop());

  assert.equal(await redis.create('plain').dbsize(), 0);
  assert.ok(events.some(({ kind }) => kind === 'append-only-file-put-aside'));
});

test('Without any Redis server on the PATH the error says what to install or to set', async (t) => {
  const dataDir = await makeDir(t);
  const script = `const { connectRedis } = await import('${CONNECT}');
    await connectRedis({ dataDir: ${JSON.stringify(dataDir)} }).catch((e) => console.log(e.code + ' ' + e.message));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { env: { PATH: dataDir } });
  const output = await readAll(child.stdout);

  assert.match(output, /^REDIS_NOT_FOUND .*install one of them.*REDIS_URL/);
});

test('A server of REDIS_URL that does not answer is named without its password', async (t) => {
  const dataDir = await makeDir(t);

  await assert.rejects(connectRedis({ url: 'redis://user:hunter22@127.0.0.1:1/0', dataDir }), (error: Error) => {
    assert.match(error.message, /REDIS_URL does not answer/);
    assert.doesNotMatch(JSON.stringify([error.message, String(error.cause)]), /hunter22/);
    return true;
  });
});

test('A server of REDIS_URL is used, not owned, and survives stop', async (t) => {
  const server = await startRedis(t, { port: true });
  const dataDir = await makeDir(t);

  const redis = await connectRedis({ url: server.url, dataDir });
  await redis.create('producer').once('ready', () => {});
  await redis.stop();

  assert.equal(redis.owned, false);
  assert.equal(await server.client.ping(), 'PONG');
});

test('Producers fail at once while Redis is away, workers wait until it is back', async (t) => {
  const server = await startRedis(t);
  const redis = await server.connect();
  const producer = redis.create('producer');
  const worker = redis.create('worker');
  await Promise.all([once(producer, 'ready'), once(worker, 'ready')]);

  await server.kill();
  await eventually(() => assert.notEqual(producer.status, 'ready'));
  const patient = worker.set('written', 'later');
  await assert.rejects(producer.set('written', 'now'));
  await server.restart();

  assert.equal(await patient, 'OK');
  await eventually(() => producer.ping());
});

async function makeDir(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'hawser-data-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function pidOf(client: { info(section: string): Promise<string> }): Promise<number> {
  return Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1]);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Runs an owner in a process of its own, up to the given end; answers the pid of its server. */
async function startOwner(dataDir: string, end: string): Promise<number> {
  const script = `const { connectRedis } = await import('${CONNECT}');
    const redis = await connectRedis({ dataDir: ${JSON.stringify(dataDir)} });
    const client = redis.create('plain');
    await client.set('left', 'behind');
    const info = await client.info('server');
    process.stdout.write(/process_id:(\\d+)/.exec(info)[1], () => { ${end} });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output = await readAll(child.stdout);
  return Number(output);
}

function startAndKillOwner(dataDir: string): Promise<number> {
  return startOwner(dataDir, `process.kill(process.pid, 'SIGKILL')`);
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
