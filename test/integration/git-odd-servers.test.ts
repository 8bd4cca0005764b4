import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createGitClient } from '../../src/git/create-git-client.ts';
import { computeObjectId, type ObjectType } from '../../src/git/git-object.ts';
import type { GitLimits } from '../../src/git/limits.ts';
import { encodePacket, FLUSH } from '../../src/git/pkt-line.ts';
import { eventually } from '../support/eventually.ts';
import { makePack, type PackEntrySpec } from '../support/make-pack.ts';

const MIB = 1024 * 1024;
const SIDEBAND_BYTES = 60_000;
const never = new AbortController().signal;

/** A server that answers whatever is asked by what the test makes of it, and a client. */
async function startOdd(t: TestContext, answer: (asked: Asked) => void, limits: Partial<GitLimits> = {}) {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = request.url ?? '';
    answer({ url, body: Buffer.concat(chunks).toString('latin1'), response });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const dataDir = await mkdtemp(join(tmpdir(), 'hawser-git-odd-'));
  const client = createGitClient({ dataDir, limits });
  t.after(async () => {
    await client.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  const remoteOf = (name: string) => ({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}.git`,
    timeoutMs: 20_000,
  });
  return {
    client,
    list: () => client.listRefs(remoteOf('app'), ['refs/heads/main'], never),
    ensure: (sha: string, name = 'app') =>
      client.ensure({ sourceUid: `uid-${name}`, remote: remoteOf(name), sha }, never),
  };
}

interface Asked {
  readonly url: string;
  readonly body: string;
  readonly response: ServerResponse;
}

function head(response: ServerResponse, kind: 'result' | 'advertisement', headers: Record<string, string> = {}) {
  return response.writeHead(200, { 'content-type': `application/x-git-upload-pack-${kind}`, ...headers });
}

/** A commit of one file, as the objects of a pack. */
function makeCommit(content: Buffer) {
  const toEntry = (type: ObjectType, data: Buffer) => ({ type, data, id: computeObjectId(type, data) });
  const blob = toEntry('blob', content);
  const tree = toEntry('tree', Buffer.concat([Buffer.from('100644 a\0'), Buffer.from(blob.id, 'hex')]));
  const commit = toEntry('commit', Buffer.from(`tree ${tree.id}\n\nChange`));
  const entries: PackEntrySpec[] = [blob, tree, commit];
  return { sha: commit.id, pack: makePack(entries) };
}

/** A pack as protocol v2 sends it. */
function toAnswer(pack: Buffer): Buffer {
  const parts: Buffer[] = [Buffer.from(encodePacket('packfile'))];
  for (let at = 0; at < pack.length; at += SIDEBAND_BYTES) {
    const piece = pack.subarray(at, at + SIDEBAND_BYTES);
    parts.push(Buffer.from(`${(piece.length + 5).toString(16).padStart(4, '0')}\x01`), piece);
  }
  return Buffer.concat([...parts, Buffer.from(FLUSH)]);
}

const REF = `${'a'.repeat(40)} refs/heads/main`;
const WITHOUT_SHALLOW = [
  { protocol: 'v2', advertisement: ['version 2', 'ls-refs', 'fetch=filter', 'object-format=sha1'] },
  { protocol: 'v1', advertisement: [`${REF}\0side-band-64k ofs-delta`] },
];

for (const { protocol, advertisement } of WITHOUT_SHALLOW) {
  test(`a server of protocol ${protocol} without shallow fetches is named as what it is`, async (t) => {
    const { ensure } = await startOdd(t, ({ url, response }) => {
      if (!url.includes('info/refs'))
        head(response, 'result').end(); // git dies of what it does not know, without a word
      else head(response, 'advertisement').end(advertisement.map(encodePacket).join('') + FLUSH);
    });

    await assert.rejects(ensure('a'.repeat(40)), {
      code: 'GIT_PROTOCOL_UNSUPPORTED',
      message: /offers only fetches without shallow history/,
    });
  });
}

test('an answer that is compressed although nobody asked for that is named as what it is', async (t) => {
  const { list } = await startOdd(t, ({ response }) => {
    head(response, 'result', { 'content-encoding': 'gzip' }).end(gzipSync(encodePacket(REF) + FLUSH));
  });

  await assert.rejects(list(), {
    code: 'GIT_PROTOCOL_UNSUPPORTED',
    message: /encoding "gzip".*switch compression off/,
  });
});

test('a refusal that is compressed is a refusal', async (t) => {
  const { list } = await startOdd(t, ({ response }) => {
    response.writeHead(401, { 'content-encoding': 'gzip', 'content-type': 'text/plain' }).end(gzipSync('go away'));
  });

  await assert.rejects(list(), { code: 'GIT_AUTHENTICATION_FAILED' });
});

const SILENT = [
  { name: 'headers never come', answer: () => undefined, message: /no answer in time$/ },
  {
    name: 'body stops coming',
    answer: (response: ServerResponse) => head(response, 'result').write(encodePacket(REF)),
    message: /the answer stopped coming$/,
  },
];

for (const { name, answer, message } of SILENT) {
  test(`a server whose ${name} is left long before the timeout of the source`, async (t) => {
    const { list } = await startOdd(t, ({ response }) => answer(response), { idleMs: 100 });

    await assert.rejects(list(), { code: 'GIT_UNREACHABLE', message });
  });
}

test('what follows a pack is no part of it', async (t) => {
  const { sha, pack } = makeCommit(Buffer.from('good'));
  const behind = { answer: Buffer.concat([toAnswer(pack), toAnswer(Buffer.from('more'))]), sha };
  const within = { answer: toAnswer(Buffer.concat([pack, Buffer.from('more')])), sha };
  let given: { readonly answer: Buffer } = behind;
  const { ensure, client } = await startOdd(t, ({ response }) => head(response, 'result').end(given.answer));

  await ensure(sha, 'behind');
  given = within;

  assert.equal(String(await (await client.open('uid-behind', sha)).tree.read('a')), 'good');
  await assert.rejects(ensure(sha, 'within'), { code: 'GIT_RESPONSE_INVALID', message: /malformed pack: checksum/ });
  assert.equal(await client.has('uid-within', sha), false);
});

test('packs share a bound of memory: who comes late waits until one is stored, what a push brings does not', async (t) => {
  const packs = new Map(
    [
      { name: 'first', bytes: 16 * MIB }, // more than sockets hold, so that the client has read of it what counts
      { name: 'second', bytes: 4 * MIB },
      { name: 'push', bytes: 1_000 },
    ].map(({ name, bytes }) => [name, makeCommit(randomBytes(bytes))]),
  );
  const finish = Promise.withResolvers<void>();
  const sent = new Map<string, number>();
  const answer = ({ url, response }: Asked) => {
    const name = url.slice(1, url.indexOf('.git'));
    const bytes = toAnswer(packs.get(name)?.pack ?? Buffer.alloc(0));
    const held = name === 'first' ? bytes.length - 10 : bytes.length;
    head(response, 'result').write(bytes.subarray(0, held), () => sent.set(name, held));
    if (name === 'first') finish.promise.then(() => response.end(bytes.subarray(held)));
    else response.end();
  };
  const limits = { responseBytes: 20 * MIB, packsAtOnceBytes: 20 * MIB };
  const { ensure } = await startOdd(t, answer, limits);
  const fetch = (name: string) => ensure(packs.get(name)?.sha ?? '', name);
  const stored: string[] = [];

  const first = fetch('first').then(() => stored.push('first'));
  await eventually(() => assert.ok(sent.has('first')));
  const second = fetch('second').then(() => stored.push('second'));
  await fetch('push').then(() => stored.push('push'));
  await fetch('push');
  finish.resolve();
  await Promise.all([first, second]);

  assert.deepEqual(stored, ['push', 'first', 'second']);
});
