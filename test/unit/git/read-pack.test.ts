import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { computeObjectId, type GitObject } from '../../../src/git/git-object.ts';
import { GIT_LIMITS, type GitLimits } from '../../../src/git/limits.ts';
import { createPackReader, type FindBases } from '../../../src/git/read-pack.ts';
import { makeDelta, makePack, type PackEntrySpec } from '../../support/make-pack.ts';

const limits = { ...GIT_LIMITS, objectBytes: 1000, packBytes: 3000, objectsPerPack: 10 };
const stored = toObject('stored base');
const noneStored = () => Promise.resolve([]);
const never = new AbortController().signal;

function readPack(pack: Buffer, findBases: FindBases, within: GitLimits): Promise<GitObject[]> {
  return createPackReader(within).read(pack, findBases, never);
}

function toObject(text: string): GitObject {
  const data = Buffer.from(text);
  return { id: computeObjectId('blob', data), type: 'blob', data };
}

async function read(entries: readonly PackEntrySpec[], bases: GitObject[] = []): Promise<string[]> {
  const objects = await readPack(makePack(entries), () => Promise.resolve(bases), limits);
  return objects.map(({ data }) => data.toString()).sort();
}

const blob = (data: string): PackEntrySpec => ({ type: 'blob', data });

const CASES: { name: string; entries: PackEntrySpec[]; bases?: GitObject[]; want: string[] }[] = [
  { name: 'no objects', entries: [], want: [] },
  { name: 'plain objects, an empty one too', entries: [blob('a'), blob('')], want: ['', 'a'] },
  {
    name: 'a delta by offset',
    entries: [blob('abc'), { baseIndex: 0, delta: makeDelta(3, [{ from: 0, size: 3 }, 'd']) }],
    want: ['abc', 'abcd'],
  },
  {
    name: 'a delta by id that stands before its base',
    entries: [{ baseId: toObject('abc').id, delta: makeDelta(3, ['z']) }, blob('abc')],
    want: ['abc', 'z'],
  },
  {
    name: 'a chain of deltas in reverse order',
    entries: [
      { baseId: toObject('two').id, delta: makeDelta(3, ['three']) },
      { baseId: toObject('one').id, delta: makeDelta(3, ['two']) },
      blob('one'),
    ],
    want: ['one', 'three', 'two'],
  },
  {
    name: 'a delta over an object of the store, which is not read again',
    entries: [{ baseId: stored.id, delta: makeDelta(11, [{ from: 7, size: 4 }, '!']) }],
    bases: [stored],
    want: ['base!'],
  },
];

const zeros = '0'.repeat(40);
const ones = '1'.repeat(40);

const REFUSED: { name: string; entries: PackEntrySpec[]; code: string }[] = [
  {
    name: 'deltas based on each other',
    entries: [
      { baseId: zeros, delta: makeDelta(3, ['a']) },
      { baseId: ones, delta: makeDelta(3, ['b']) },
    ],
    code: 'GIT_OBJECT_MISSING',
  },
  {
    name: 'a delta over an unknown object',
    entries: [{ baseId: zeros, delta: makeDelta(3, ['a']) }],
    code: 'GIT_OBJECT_MISSING',
  },
  {
    name: 'a delta over itself',
    entries: [{ baseIndex: 0, delta: makeDelta(3, ['a']) }],
    code: 'GIT_RESPONSE_INVALID',
  },
  {
    name: 'an object larger than it declares',
    entries: [{ ...blob('abcdef'), declaredBytes: 3 }],
    code: 'GIT_RESPONSE_INVALID',
  },
  {
    name: 'an object smaller than it declares',
    entries: [{ ...blob('abc'), declaredBytes: 6 }],
    code: 'GIT_RESPONSE_INVALID',
  },
  {
    name: 'a bomb that declares little',
    entries: [{ ...blob('a'.repeat(900_000)), declaredBytes: 9 }],
    code: 'GIT_RESPONSE_INVALID',
  },
  {
    name: 'an object that declares more than is allowed',
    entries: [{ ...blob('a'), declaredBytes: 2 ** 40 }],
    code: 'GIT_LIMIT_EXCEEDED',
  },
  {
    name: 'a delta that declares more than is allowed',
    entries: [blob('a'), { baseIndex: 0, delta: makeDelta(1, ['a'], 2 ** 40) }],
    code: 'GIT_LIMIT_EXCEEDED',
  },
  {
    name: 'more bytes together than are allowed',
    entries: Array.from({ length: 4 }, (_, n) => blob(`${n}`.repeat(999))),
    code: 'GIT_LIMIT_EXCEEDED',
  },
  {
    name: 'small deltas that resolve to more than is allowed',
    entries: [
      blob('a'.repeat(999)),
      ...['x', 'y', 'z'].map((end) => ({ baseIndex: 0, delta: makeDelta(999, [{ from: 0, size: 998 }, end]) })),
    ],
    code: 'GIT_LIMIT_EXCEEDED',
  },
  {
    name: 'more objects than are allowed',
    entries: Array.from({ length: 11 }, (_, n) => blob(`${n}`)),
    code: 'GIT_LIMIT_EXCEEDED',
  },
];

for (const { name, entries, bases, want } of CASES) {
  test(`a pack is read: ${name}`, async () => {
    assert.deepEqual(await read(entries, bases), want);
  });
}

for (const { name, entries, code } of REFUSED) {
  test(`a pack is refused: ${name}`, async () => {
    await assert.rejects(read(entries), { code });
  });
}

test('a pack is refused wherever it is cut, and whichever byte is changed', async () => {
  const pack = makePack([blob('abc'), { baseIndex: 0, delta: makeDelta(3, ['d']) }]);
  const cuts = Array.from({ length: pack.length }, (_, end) => pack.subarray(0, end));
  const flips = cuts.map((_, at) => Buffer.from(pack).fill((pack[at] ?? 0) ^ 1, at, at + 1));

  for (const broken of [...cuts, ...flips]) {
    await assert.rejects(readPack(broken, noneStored, limits), { name: 'HawserError' });
  }
});

test('a pack that declares more objects than it holds is refused', async () => {
  await assert.rejects(readPack(makePack([blob('abc')], 2), noneStored, limits), { code: 'GIT_RESPONSE_INVALID' });
});

test('a pack that holds more than it declares, with the right checksum, is refused', async () => {
  for (const pack of [makePack([blob('abc'), blob('d')], 1), makePack([blob('abc')], 0)]) {
    await assert.rejects(readPack(pack, noneStored, limits), {
      message: 'malformed pack: bytes after its last object',
    });
  }
});

test('20,000 deltas in reverse order are resolved one by one, not in rounds', async () => {
  const count = 20_000;
  const objects = Array.from({ length: count }, (_, n) => toObject(`object ${n}`));
  const entries = objects.slice(1).map((object, n) => {
    const before = objects[n];
    return { baseId: before?.id ?? '', delta: makeDelta(before?.data.length ?? 0, [object.data.toString()]) };
  });
  const pack = makePack([...entries.reverse(), blob('object 0')]);

  const read = await readPack(pack, noneStored, GIT_LIMITS);

  assert.deepEqual(new Set(read.map(({ id }) => id)), new Set(objects.map(({ id }) => id)));
});

test('a large pack is read in a thread of its own, with bases of the store', async () => {
  const noise = Array.from({ length: 100_000 }, (_, n) => computeObjectId('blob', Buffer.from(`${n}`))).join('');
  const pack = makePack([blob(noise), { baseId: stored.id, delta: makeDelta(11, ['over ', { from: 0, size: 11 }]) }]);

  assert.ok(pack.length > 1024 * 1024);

  const objects = await readPack(pack, () => Promise.resolve([stored]), GIT_LIMITS);

  assert.equal(pack.length, 0, 'moved, not copied');
  assert.deepEqual(
    objects.map(({ id, type }) => ({ id, type })),
    [toObject(noise), toObject('over stored base')].map(({ id, type }) => ({ id, type })),
  );
  assert.equal(objects[0]?.data.toString(), noise);
});

test('a large pack that is broken fails with the same error as a small one', async () => {
  const pack = Buffer.alloc(2 * 1024 * 1024);

  await assert.rejects(readPack(pack, noneStored, GIT_LIMITS), {
    code: 'GIT_RESPONSE_INVALID',
    message: 'malformed pack: no pack',
  });
});

test('a small pack that inflates to much is read in a thread, and costs nobody else the time', async () => {
  const bomb = makePack([blob('a'.repeat(40 * 1024 * 1024))]);
  let turns = 0;
  const counting = setInterval(() => turns++, 1);

  const [object] = await readPack(bomb, noneStored, GIT_LIMITS);
  clearInterval(counting);

  assert.ok(bomb.length < 100_000);
  assert.equal(object?.data.length, 40 * 1024 * 1024);
  assert.ok(turns > 0);
});

test('large packs are read in turn, and a pack of some megabytes does not wait for them', async () => {
  const reader = createPackReader(GIT_LIMITS);
  const random = (bytes: number) => makePack([{ type: 'blob', data: randomBytes(bytes) }]);
  const order: string[] = [];
  const { promise: bases, resolve: findBases } = Promise.withResolvers<GitObject[]>();
  const finish = (name: string) => () => void order.push(name);
  const first = reader.read(random(17 * 1024 * 1024), () => bases, never).then(finish('large'));
  const second = reader.read(random(17 * 1024 * 1024), noneStored, never).then(finish('large too'));

  await reader.read(random(2 * 1024 * 1024), noneStored, never).then(finish('medium'));
  findBases([]);
  await Promise.all([first, second]);

  assert.deepEqual(order, ['medium', 'large', 'large too']);
});
