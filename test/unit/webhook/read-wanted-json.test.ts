import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { readWantedJson, type Wanted } from '../../../src/webhook/read-wanted-json.ts';

const run = promisify(execFile);
const BOMBS = fileURLToPath(new URL('../../support/parse-bombs.ts', import.meta.url));
const MOST_ITEMS = 3;
const WANTED: Wanted = {
  fields: new Map<string, Wanted>([
    ['a', {}],
    ['o', { fields: new Map([['a', {}]]) }],
    ['l', { items: { fields: new Map([['a', {}]]) } }],
  ]),
};

const READ = [
  { name: 'only what is wanted', text: '{"a":1,"x":[{"a":2}],"o":{"a":"é","b":2}}', want: { a: 1, o: { a: 'é' } } },
  {
    name: 'so many items of a list',
    text: '{"l":[{"a":1},{},{"a":3},{"a":4}]}',
    want: { l: [{ a: 1 }, {}, { a: 3 }] },
  },
  { name: 'the last word of a key', text: '{"a":1,"a":2}', want: { a: 2 } },
  { name: 'a key that is written with escapes', text: '{"\\u0061":1}', want: { a: 1 } },
  { name: 'spaces wherever they may be', text: ' { "a" : 1 , "x" : [ ] }\n', want: { a: 1 } },
  { name: 'strings with quotes and brackets', text: '{"x":"\\\\\\"}]","a":"\\"]"}', want: { a: '"]' } },
  { name: 'no prototype', text: '{"__proto__":{"a":1},"constructor":1}', want: {} },
  { name: 'an empty list for a list that is no scalar', text: '{"a":[1,[2]]}', want: { a: [] } },
  { name: 'an empty object for an object that is no scalar', text: '{"a":{"b":1}}', want: { a: {} } },
  { name: 'a scalar where more is wanted', text: '{"o":null,"l":"x"}', want: { o: null, l: 'x' } },
  { name: 'a list where an object is wanted', text: '[1]', want: [] },
];

const REFUSED = [
  '',
  ' ',
  '{',
  '}',
  '{"a"',
  '{"a":',
  '{"a":}',
  '{"a":1',
  '{"a":1,}',
  '{a:1}',
  '{"a":1}x',
  '{"a":01}',
  '{"a":"\n"}',
].concat([
  '{"a":tru}',
  '{"l":[',
  '{"l":[{}',
  '{"l":[{},]}',
  '{"x":"',
  '{"x":[',
  '{"x":]}',
  '{"a" 1}',
  '{"a":1 "o":2}',
  '"a',
]);

for (const { name, text, want } of READ) {
  test(`of JSON is read: ${name}`, () => {
    assert.deepEqual(readWantedJson(Buffer.from(text), WANTED, MOST_ITEMS), want);
  });
}

for (const text of REFUSED) {
  test(`no JSON is ${JSON.stringify(text)}`, () => {
    assert.throws(() => readWantedJson(Buffer.from(text), WANTED, MOST_ITEMS), SyntaxError);
  });
}

/** What `JSON.parse` reads, without what is not wanted. */
function prune(value: unknown, { fields, items }: Wanted): unknown {
  if (Array.isArray(value)) return items ? value.slice(0, MOST_ITEMS).map((item) => prune(item, items)) : [];
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).flatMap(([key, below]) => {
    const wanted = fields?.get(key);
    return wanted ? [[key, prune(below, wanted)]] : [];
  });
  return Object.fromEntries(kept);
}

test('of any JSON the same is read as by JSON.parse', (t) => {
  const seed = Date.now() % 2 ** 31;
  t.diagnostic(`seed ${seed}`);
  const key = fc.oneof(fc.constantFrom('a', 'o', 'l'), fc.string({ unit: 'binary' }));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.string({ unit: 'binary' }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(null, true, false),
      fc.array(tie('value')),
      fc.array(fc.tuple(key, tie('value'))).map((entries) => Object.fromEntries(entries)),
    ),
  }));

  fc.assert(
    fc.property(value, fc.constantFrom(undefined, 1, '\t'), (given, space) => {
      const text = Buffer.from(JSON.stringify(given, null, space));
      assert.deepEqual(readWantedJson(text, WANTED, MOST_ITEMS), prune(JSON.parse(text.toString()), WANTED));
    }),
    { seed, numRuns: 2_000 },
  );
});

test('bodies that would be hundreds of megabytes of objects are read within a heap of 32 MB, by every provider', async (t) => {
  const { stdout } = await run(process.execPath, ['--max-old-space-size=32', BOMBS]);

  t.diagnostic(`${stdout} bodies`);
  assert.ok(Number(stdout) > 100);
});
