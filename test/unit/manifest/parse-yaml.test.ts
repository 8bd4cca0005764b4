import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import { parseYaml } from '../../../src/manifest/parse-yaml.ts';

/** Scalars as kustomize v5.8.1 reads them; test/integration/manifest-kustomize.test.ts compares many more with it. */
const SCALARS: readonly { given: string; want: unknown }[] = [
  { given: 'yes', want: 'yes' },
  { given: 'on', want: 'on' },
  { given: 'n', want: 'n' },
  { given: 'True', want: true },
  { given: 'tRue', want: 'tRue' },
  { given: '0644', want: 420 },
  { given: '0o644', want: 420 },
  { given: '-0644', want: -420 },
  { given: '08', want: 8 },
  { given: '0b11', want: 3 },
  { given: '0x1F', want: 31 },
  { given: '1_000', want: 1000 },
  { given: '_1', want: '_1' },
  { given: '9007199254740991', want: 9007199254740991 },
  { given: '9007199254740993', want: 9007199254740993n },
  { given: '-9223372036854775808', want: -9223372036854775808n },
  { given: '18446744073709551615', want: 18446744073709551615n },
  { given: '18446744073709551616', want: 18446744073709552000 },
  { given: '1.10', want: 1.1 },
  { given: '1e3', want: 1000 },
  { given: '.5', want: 0.5 },
  { given: '1e400', want: '1e400' },
  { given: '1.2.3', want: '1.2.3' },
  { given: '12:30:45', want: '12:30:45' },
  { given: '2024-01-01', want: '2024-01-01T00:00:00Z' },
  { given: '2024-1-2T3:4:5.250+02:00', want: '2024-01-02T03:04:05.25+02:00' },
  { given: '2024-01-01 10:00:00', want: '2024-01-01T10:00:00Z' },
  { given: '2024-13-01', want: '2024-13-01' },
  { given: '2024-02-30', want: '2024-02-30' },
  { given: '"2024-01-01"', want: '2024-01-01' },
  { given: '~', want: null },
  { given: '', want: null },
  { given: '!!str 12', want: '12' },
  { given: '!!int "12"', want: 12 },
  { given: '!!binary aGVsbG8=', want: 'hello' },
  { given: '!custom 12', want: '12' },
  { given: '!custom {a: 1}', want: { a: 1 } },
  { given: '<<', want: '<<' },
];

for (const { given, want } of SCALARS) {
  test(`the scalar \`${given}\` is ${typeof want === 'bigint' ? `${want}n` : JSON.stringify(want)}`, () => {
    const [document] = parseYaml(`value: ${given}\n`, { file: 'a.yaml' });

    assert.deepEqual(document?.value, { value: want });
  });
}

const STREAMS: readonly { name: string; given: string; want: readonly [number, unknown][] }[] = [
  { name: 'an empty text has no documents', given: '', want: [] },
  { name: 'a document of comments is left out, and counted', given: '# only\n---\na: 1\n', want: [[2, { a: 1 }]] },
  {
    name: 'separators may carry blanks and comments',
    given: 'a: 1\n---   # next\nb: 2\n---  \nc: 3\n',
    want: [
      [1, { a: 1 }],
      [2, { b: 2 }],
      [3, { c: 3 }],
    ],
  },
  { name: 'a separator at the end opens nothing', given: 'a: 1\n---\n', want: [[1, { a: 1 }]] },
  { name: 'a separator without line end opens nothing', given: 'a: 1\n---', want: [[1, { a: 1 }]] },
  {
    name: 'CRLF line ends are read as LF',
    given: 'a: |\r\n  x\r\n  y\r\n---\r\nb: 2\r\n',
    want: [
      [1, { a: 'x\ny\n' }],
      [2, { b: 2 }],
    ],
  },
  { name: 'a byte order mark is skipped', given: '\uFEFFa: 1\n', want: [[1, { a: 1 }]] },
  { name: 'an indented --- belongs to its block', given: 'a: |\n  ---\n  x\n', want: [[1, { a: '---\nx\n' }]] },
  {
    name: 'merge keys are merged and overridden',
    given: 'x: &x {p: 1, q: 2}\ny:\n  <<: *x\n  q: 3\n',
    want: [[1, { x: { p: 1, q: 2 }, y: { p: 1, q: 3 } }]],
  },
  { name: 'quoted keys that look like numbers are text', given: '"8080": a\n', want: [[1, { '8080': 'a' }]] },
  { name: 'JSON is YAML', given: '{"a": [1, true, null]}', want: [[1, { a: [1, true, null] }]] },
];

for (const { name, given, want } of STREAMS) {
  test(name, () => {
    const documents = parseYaml(given, { file: 'a.yaml' }).map(({ number, value }) => [number, value]);

    assert.deepEqual(documents, want);
  });
}

const REFUSED: readonly { name: string; given: string; want: RegExp }[] = [
  {
    name: 'a duplicate key',
    given: 'a: 1\n---\nb: 1\nb: 2\n',
    want: /^a\.yaml, document 2: line 4: duplicated mapping key$/,
  },
  {
    name: 'a number as key',
    given: 'data:\n  8080: a\n',
    want: /^a\.yaml, document 1: line 2: the key 8080 must be a string: quote it$/,
  },
  { name: 'a boolean as key', given: 'data: {true: a}\n', want: /the key true must be a string: quote it/ },
  { name: 'an empty key', given: 'data: {~ : a}\n', want: /the key null must be a string: quote it/ },
  { name: 'an explicit key that is a number', given: '? 1\n: a\n', want: /the key 1 must be a string: quote it/ },
  {
    name: 'content behind a separator',
    given: 'a: 1\n--- {b: 2}\n',
    want: /^a\.yaml: line 2: only a comment may follow '---'$/,
  },
  {
    name: 'a second document behind `...`',
    given: 'a: 1\n...\nb: 2\n',
    want: /^a\.yaml, document 1: .*single document/,
  },
  { name: 'infinity', given: 'a: .inf\n', want: /\.inf is a number that JSON does not have/ },
  { name: 'an unclosed quote', given: 'a: 1\n---\nb: "x\n', want: /^a\.yaml, document 2: line \d: / },
  { name: 'an unknown anchor', given: 'a: *b\n', want: /unidentified alias "b"/ },
  {
    name: 'an anchor of another document',
    given: 'a: &x 1\n---\nb: *x\n',
    want: /^a\.yaml, document 2: line 3: unidentified alias/,
  },
  { name: 'an anchor that contains itself', given: 'a: &x [*x]\n', want: /nested more than \d+ levels deep/ },
  { name: 'nesting without end', given: '['.repeat(5000), want: /nesting|nested/ },
  { name: 'a YAML bomb of lists', given: bomb('[', ']'), want: /aliases expand to more than ten times the size/ },
  {
    name: 'a YAML bomb of one long text',
    given: `a: &a ${'x'.repeat(100_000)}\nb: [${'*a,'.repeat(100)}]\n`,
    want: /aliases expand/,
  },
];

for (const { name, given, want } of REFUSED) {
  test(`${name} is refused with file and reason`, () => {
    assert.throws(
      () => parseYaml(given, { file: 'a.yaml' }),
      (error) => error instanceof HawserError && error.code === 'MANIFEST_INVALID' && want.test(error.message),
    );
  });
}

test('an error never quotes the file: it may hold a secret', () => {
  const given = 'kind: Secret\nstringData:\n  password: hunter2-canary\n  token: [hunter2-canary\n';

  assert.throws(
    () => parseYaml(given, { file: 'a.yaml' }),
    (error) => error instanceof HawserError && !`${error.stack}${JSON.stringify(error)}`.includes('hunter2'),
  );
});

function bomb(open: string, close: string): string {
  const lines = ['a0: &a0 [x, x]'];
  for (let level = 1; level < 30; level += 1) {
    lines.push(`a${level}: &a${level} ${open}*a${level - 1}, *a${level - 1}${close}`);
  }
  return `${lines.join('\n')}\n`;
}

test('a pointer of Git LFS in place of a manifest is named as what it is, with the way out', () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`;

  for (const text of [pointer, pointer.replaceAll('\n', '\r\n')]) {
    assert.throws(() => parseYaml(text, { file: 'apps/app.yaml' }), {
      code: 'MANIFEST_INVALID',
      message: /apps\/app\.yaml.* is a pointer of Git LFS, whose content is not fetched/,
    });
  }
});
