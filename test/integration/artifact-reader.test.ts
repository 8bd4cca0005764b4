import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, link, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { createArtifactStore } from '../../src/artifact/artifact-store.ts';
import {
  type ArtifactReaderOptions,
  createArtifactReader,
  type ReadArtifact,
} from '../../src/artifact/create-artifact-reader.ts';
import { HawserError } from '../../src/errors/hawser-error.ts';
import { createArtifactApp } from '../../src/http/artifact-app.ts';
import type { Tree } from '../../src/model/tree.ts';
import { eventually } from '../support/eventually.ts';
import { createMemoryTree } from '../support/memory-tree.ts';
import { makeTarball } from '../unit/artifact/make-tarball.ts';

const run = promisify(execFile);
const never = new AbortController().signal;
const TARBALL = makeTarball([{ name: 'a.yaml', body: 'a: b\n' }]);

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that answers as it is told, and remembers what it was asked. */
async function startServer(t: TestContext, handler: Handler) {
  const requests: string[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    handler(request, response);
  });
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, requests, connections: () => connections };
}

function startReader(t: TestContext, options: ArtifactReaderOptions = {}) {
  const reader = createArtifactReader(options);
  t.after(() => reader.stop());
  return reader;
}

function digestOf(bytes: Buffer, algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

function makeArtifact(url: string, more: Partial<ReadArtifact> = {}): ReadArtifact {
  return { url, revision: 'latest@sha256:1', digest: digestOf(TARBALL), ...more };
}

const send =
  (body: Buffer): Handler =>
  (_request, response) => {
    response.end(body);
  };

/** Everything that a tree shows, by path. */
async function flatten(tree: Tree, directory = ''): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { name, kind, executable } of (await tree.list(directory)) ?? []) {
    const path = directory === '' ? name : `${directory}/${name}`;
    if (kind === 'directory') Object.assign(found, { [`${path}/`]: '' }, await flatten(tree, path));
    else if (kind === 'symlink') found[path] = `→${await tree.readLink(path)}`;
    else found[path] = `${executable ? '*' : ''}${digestOf(await tree.read(path))}`;
  }
  return found;
}

test('what our own store wrote and our own listener serves is read back the same', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'hawser-artifact-reader-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const store = createArtifactStore({ dir, publicUrl: 'http://hawser.test./' });
  const app = createArtifactApp({ openArtifact: store.open });
  t.after(() => app.close());
  const host = new URL(await app.listen({ host: '127.0.0.1', port: 0 })).host;
  const files: Record<string, Buffer> = {
    'deployment.yaml': Buffer.from('kind: Deployment\n'),
    'nested/ünïcode/päth.yaml': Buffer.from('a: b\n'),
    [`${'directory-'.repeat(9)}/${'x'.repeat(120)}.yaml`]: Buffer.from('long\n'),
    'big.bin': Buffer.alloc(3_000_000, 'many bytes'),
    empty: Buffer.alloc(0),
  };
  const source = createMemoryTree({ ...files, 'left/out': { symlink: '../empty' } });
  const withScript = {
    ...source,
    list: async (path: string) =>
      (await source.list(path))?.map((entry) => ({ ...entry, executable: entry.name === 'empty' })),
  };
  const name = { namespace: 'default', name: 'app', sha: 'a'.repeat(40) };
  const stored = await store.write({ ...name, tree: withScript, ignored: () => false });
  const rewriteUrl = (url: URL) => Object.assign(url, { host });

  const tree = await startReader(t, { rewriteUrl }).open({ ...stored, revision: 'main@sha1:a' }, never);

  const want: Record<string, string> = { 'left/': '' };
  for (const [path, content] of Object.entries(files)) {
    want[path] = `${path === 'empty' ? '*' : ''}${digestOf(content)}`;
    for (let up = dirname(path); up !== '.'; up = dirname(up)) want[`${up}/`] = '';
  }
  assert.deepEqual(await flatten(tree), want);
});

test('an artifact is a tree that render can read', async (t) => {
  const { url } = await startServer(t, send(TARBALL));

  const tree = await startReader(t).open(makeArtifact(url), never);

  assert.equal(String(await tree.read('a.yaml')), 'a: b\n');
});

for (const format of ['gnu', 'pax', 'ustar']) {
  test(`what GNU tar wrote in its format ${format} is read: modes, links, long names`, async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'hawser-artifact-tar-'));
    t.after(() => rm(dir, { recursive: true, force: true }));
    const long = `${'directory-'.repeat(9)}/${'file-'.repeat(18)}.yaml`;
    await mkdir(join(dir, 'in', dirname(long)), { recursive: true });
    await mkdir(join(dir, 'in/empty'));
    await writeFile(join(dir, 'in', long), 'x');
    await chmod(join(dir, 'in', long), 0o755);
    await writeFile(join(dir, 'in/run'), 'y', { mode: 0o700 });
    await link(join(dir, 'in/run'), join(dir, 'in/hard'));
    await symlink(long.slice(0, 90), join(dir, 'in/soft'));
    await run('tar', [`--format=${format}`, '--sort=name', '-czf', join(dir, 'out'), '-C', join(dir, 'in'), '.']);
    const bytes = await readFile(join(dir, 'out'));
    const { url } = await startServer(t, send(bytes));

    const tree = await startReader(t).open(makeArtifact(url, { digest: digestOf(bytes) }), never);

    assert.deepEqual(await flatten(tree), {
      'empty/': '',
      [`${dirname(long)}/`]: '',
      [long]: `*${digestOf(Buffer.from('x'))}`,
      run: `*${digestOf(Buffer.from('y'))}`,
      hard: `*${digestOf(Buffer.from('y'))}`,
      soft: `→${long.slice(0, 90)}`,
    });
  });
}

const NOT_TAR = gzipSync('x'.repeat(2_000));

const FAILURES: readonly {
  name: string;
  handler: Handler;
  artifact?: Partial<ReadArtifact>;
  options?: ArtifactReaderOptions;
  want: { code: string; disposition: string; message: RegExp };
}[] = [
  {
    name: 'an artifact that is gone',
    handler: (_, response) => response.writeHead(404).end('canary'),
    want: { code: 'ARTIFACT_NOT_FOUND', disposition: 'retry', message: /no longer has it/ },
  },
  {
    name: 'a server that fails',
    handler: (_, response) => response.writeHead(503).end('canary'),
    want: { code: 'ARTIFACT_UNAVAILABLE', disposition: 'retry', message: /answers with status 503$/ },
  },
  {
    name: 'a part of the artifact',
    handler: (_, response) => response.writeHead(206).end(TARBALL),
    want: { code: 'ARTIFACT_UNAVAILABLE', disposition: 'retry', message: /answers with status 206$/ },
  },
  {
    name: 'a connection that breaks in the middle',
    handler: (_, response) => {
      response.writeHead(200, { 'content-length': TARBALL.length });
      response.write(TARBALL.subarray(0, 20), () => response.destroy());
    },
    want: { code: 'ARTIFACT_UNAVAILABLE', disposition: 'retry', message: /closed|aborted|terminated/ },
  },
  {
    name: 'a server that never answers',
    handler: () => {},
    options: { idleTimeoutMs: 100 },
    want: { code: 'ARTIFACT_UNAVAILABLE', disposition: 'retry', message: /Headers Timeout/ },
  },
  {
    name: 'a server that stops in the middle',
    handler: (_, response) => void response.write(TARBALL.subarray(0, 20)),
    options: { idleTimeoutMs: 100 },
    want: { code: 'ARTIFACT_UNAVAILABLE', disposition: 'retry', message: /Body Timeout/ },
  },
  {
    name: 'another content than the digest says',
    handler: send(makeTarball([{ name: 'evil.yaml' }])),
    want: { code: 'ARTIFACT_INVALID', disposition: 'retry', message: /digest is not the one that its source names/ },
  },
  {
    name: 'a tarball with one byte more',
    handler: send(Buffer.concat([TARBALL, Buffer.from('\0')])),
    want: { code: 'ARTIFACT_INVALID', disposition: 'retry', message: /digest is not/ },
  },
  {
    name: 'a true digest of something else than a tarball',
    handler: send(NOT_TAR),
    artifact: { digest: digestOf(NOT_TAR) },
    want: { code: 'ARTIFACT_INVALID', disposition: 'stalled', message: /no gzipped tarball/ },
  },
  {
    name: 'a size over the bound',
    handler: (_, response) => response.writeHead(200, { 'content-length': 1001 }).flushHeaders(),
    options: { limits: { responseBytes: 1000 } },
    want: { code: 'ARTIFACT_INVALID', disposition: 'stalled', message: /larger than 1000 bytes$/ },
  },
  {
    name: 'more bytes than the bound, unannounced',
    handler: (_, response) => {
      response.write(Buffer.alloc(600));
      response.write(Buffer.alloc(600));
    },
    options: { limits: { responseBytes: 1000 } },
    want: { code: 'ARTIFACT_INVALID', disposition: 'stalled', message: /larger than 1000 bytes$/ },
  },
  {
    name: 'redirects without end',
    handler: (_, response) => response.writeHead(302, { location: '/again' }).end(),
    want: { code: 'ARTIFACT_UNAVAILABLE', disposition: 'retry', message: /redirects again and again$/ },
  },
  {
    name: 'a redirect to nowhere',
    handler: (_, response) => response.writeHead(302).end(),
    want: { code: 'ARTIFACT_UNAVAILABLE', disposition: 'retry', message: /redirects to another one/ },
  },
];

for (const { name, handler, artifact, options, want } of FAILURES) {
  test(`${name} is ${want.code}, and the message names revision and URL`, async (t) => {
    const { url } = await startServer(t, handler);
    const reader = startReader(t, options);

    await assert.rejects(reader.open(makeArtifact(`${url}/app.tar.gz?canary`, artifact), never), (error: Error) => {
      assert.ok(error instanceof HawserError);
      assert.deepEqual([error.code, error.disposition], [want.code, want.disposition]);
      assert.match(error.message, want.message);
      assert.ok(
        error.message.startsWith("failed to read the artifact of revision 'latest@sha256:1' from 'http://127."),
      );
      assert.doesNotMatch(error.message, /canary/);
      return true;
    });
  });
}

const BAD_URLS = ['', 'app.tar.gz', 'file:///etc/passwd', 'ftp://host/app.tar.gz', 'data:,x', 'http://'];

for (const url of BAD_URLS) {
  test(`nothing is asked at the URL ${JSON.stringify(url)}`, async (t) => {
    const refused = { code: 'ARTIFACT_INVALID', disposition: 'stalled', message: /not of the form http/ };

    await assert.rejects(startReader(t).open(makeArtifact(url), never), refused);
  });
}

test('a server that nobody runs is an error that shows no credentials', async (t) => {
  const { url } = await startServer(t, send(TARBALL));
  const reader = startReader(t, { rewriteUrl: (asked) => Object.assign(asked, { port: 1 }) });
  const secret = url.replace('://', '://user:hunter22@');

  await assert.rejects(reader.open(makeArtifact(`${secret}/x?X-Amz-Signature=canary`), never), (error: Error) => {
    assert.match(error.message, /ECONNREFUSED/);
    assert.doesNotMatch(error.message, /hunter22|canary/);
    return true;
  });
});

test('a redirect is followed on the same server, and another server is never asked', async (t) => {
  const other = await startServer(t, send(TARBALL));
  const { url, requests } = await startServer(t, (request, response) => {
    if (request.url === '/moved') response.writeHead(307, { location: '/app.tar.gz' }).end();
    else if (request.url === '/away') response.writeHead(302, { location: other.url }).end();
    else response.end(TARBALL);
  });
  const reader = startReader(t, { maxCacheBytes: 0 });

  await reader.open(makeArtifact(`${url}/moved`), never);
  const away = reader.open(makeArtifact(`${url}/away`), never);

  await assert.rejects(away, { code: 'ARTIFACT_UNAVAILABLE', message: /redirects to another one/ });
  assert.deepEqual(requests, ['/moved', '/app.tar.gz', '/away']);
  assert.deepEqual(other.requests, []);
});

for (const algorithm of ['sha256', 'sha384', 'sha512']) {
  test(`a digest by ${algorithm} is verified`, async (t) => {
    const { url } = await startServer(t, send(TARBALL));
    const reader = startReader(t);
    const digest = digestOf(TARBALL, algorithm);
    const wrong = digest.replace(/.$/, (last) => (last === '0' ? '1' : '0'));

    await reader.open(makeArtifact(url, { digest }), never);

    await assert.rejects(reader.open(makeArtifact(url, { digest: wrong }), never), { code: 'ARTIFACT_INVALID' });
  });
}

test('many who open one artifact at once share one download, and later ones need none', async (t) => {
  const { url, requests } = await startServer(t, send(TARBALL));
  const reader = startReader(t);

  const trees = await Promise.all(Array.from({ length: 20 }, () => reader.open(makeArtifact(url), never)));
  trees.push(await reader.open(makeArtifact(`${url}/moved`), never));

  assert.equal(new Set(trees).size, 1);
  assert.deepEqual(requests, ['/']);
});

test('what is not kept for lack of room is downloaded again, over the same connection', async (t) => {
  const server = await startServer(t, send(TARBALL));
  const reader = startReader(t, { maxCacheBytes: 10 });

  const first = await reader.open(makeArtifact(server.url), never);
  const second = await reader.open(makeArtifact(server.url), never);

  assert.equal(first.id, second.id);
  assert.deepEqual([server.requests.length, server.connections()], [2, 1]);
});

test('a failed download is not remembered', async (t) => {
  let isThere = false;
  const { url } = await startServer(t, (_, response) => {
    if (isThere) response.end(TARBALL);
    else response.writeHead(404).end();
  });
  const reader = startReader(t);

  await assert.rejects(reader.open(makeArtifact(url), never), { code: 'ARTIFACT_NOT_FOUND' });
  isThere = true;

  assert.ok(await reader.open(makeArtifact(url), never));
});

test('a kept connection that the server closes just as it is used again costs no failure', async (t) => {
  const seen = new WeakSet<object>();
  const server = await startServer(t, (request, response) => {
    if (seen.has(request.socket)) return void request.socket.destroy();
    seen.add(request.socket);
    response.end(TARBALL);
  });
  const reader = startReader(t, { maxCacheBytes: 0 });

  await reader.open(makeArtifact(server.url), never);
  await reader.open(makeArtifact(server.url), never);

  assert.equal(server.connections(), 2);
});

/** A server whose answers are held until they are released. */
async function startHeldServer(t: TestContext) {
  const held: ServerResponse[] = [];
  let closed = 0;
  const server = await startServer(t, (_, response) => {
    held.push(response);
    response.on('close', () => {
      closed += response.writableFinished ? 0 : 1;
    });
  });
  const waitFor = (count: number) => eventually(() => assert.equal(held.length, count));
  return { url: server.url, held, waitFor, closed: () => closed };
}

test('one who gives up does not take the download from the others', async (t) => {
  const { url, held, waitFor, closed } = await startHeldServer(t);
  const reader = startReader(t);
  const impatient = new AbortController();
  const reason = new Error('superseded');

  const given = reader.open(makeArtifact(url), impatient.signal);
  const kept = reader.open(makeArtifact(url), never);
  await waitFor(1);
  impatient.abort(reason);
  await assert.rejects(given, reason);
  held[0]?.end(TARBALL);

  assert.equal(String(await (await kept).read('a.yaml')), 'a: b\n');
  assert.equal(closed(), 0);
});

test('when all have given up the download ends, and the next one starts anew', async (t) => {
  const { url, held, waitFor, closed } = await startHeldServer(t);
  const reader = startReader(t);
  const impatient = new AbortController();
  const reason = new Error('superseded');

  const given = [1, 2].map(() => reader.open(makeArtifact(url), impatient.signal));
  await waitFor(1);
  impatient.abort(reason);
  for (const open of given) await assert.rejects(open, reason);
  const next = reader.open(makeArtifact(url), never);
  await waitFor(2);
  held[1]?.end(TARBALL);

  assert.ok(await next);
  await eventually(() => assert.equal(closed(), 1));
});

test('whoever names the same digest at a server that does not answer holds up nobody else', async (t) => {
  const { url: silent, waitFor } = await startHeldServer(t);
  const { url } = await startServer(t, send(TARBALL));
  const reader = startReader(t);
  const giveUp = new AbortController();

  const stuck = reader.open(makeArtifact(silent), giveUp.signal);
  await waitFor(1);

  assert.ok(await reader.open(makeArtifact(url), never));
  giveUp.abort(new Error('enough'));
  await assert.rejects(stuck, /enough/);
});

test('an aborted signal asks nobody', async (t) => {
  const { url, requests } = await startServer(t, send(TARBALL));
  const reason = new Error('lease lost');

  await assert.rejects(startReader(t).open(makeArtifact(url), AbortSignal.abort(reason)), reason);

  assert.deepEqual(requests, []);
});

test('stopping ends what is under way, can be repeated, and nothing is opened afterwards', async (t) => {
  const { url, waitFor, closed } = await startHeldServer(t);
  const reader = startReader(t);
  const open = reader.open(makeArtifact(url), never);
  await waitFor(1);

  const rejected = assert.rejects(open, { code: 'ARTIFACT_UNAVAILABLE', message: /was stopped/ });
  await Promise.all([reader.stop(), reader.stop()]);
  await reader.stop();

  await rejected;
  await eventually(() => assert.equal(closed(), 1));
  await assert.rejects(reader.open(makeArtifact(url), never), { code: 'ARTIFACT_UNAVAILABLE' });
});

test('an artifact of our own is read where it lies, unless it is another one than its digest says', async (t) => {
  const server = await startServer(t, (_request, response) => response.end(TARBALL));
  const own = makeTarball([{ name: 'a.yaml', body: 'own\n' }]);
  const reader = createArtifactReader({ openOwn: async () => ({ stream: Readable.from([own]) }) });
  t.after(() => reader.stop());
  const read = async (tarball: Buffer) => {
    const digest = `sha256:${createHash('sha256').update(tarball).digest('hex')}`;
    return String(await (await reader.open({ url: server.url, revision: 'r', digest }, never)).read('a.yaml'));
  };

  assert.equal(await read(own), 'own\n');
  assert.deepEqual(server.requests, []);
  assert.equal(await read(TARBALL), 'a: b\n');
  assert.equal(server.requests.length, 1);
});
