import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import { parseIdempotencyKey, parseTarget, parseTriggerBody, parseWait } from '../../../src/http/parse-trigger.ts';

const SHA = 'a'.repeat(40);
const target =
  (kind: string, namespace = 'default', name = 'app') =>
  () =>
    parseTarget({ kind, namespace, name });
const body = (text: string) => () => parseTriggerBody(Buffer.from(text));
const key = (header: string | string[] | undefined) => () => parseIdempotencyKey(header);
const wait = (query: Record<string, unknown>) => () => parseWait(query);

const CASES: readonly { name: string; read: () => unknown; want: unknown }[] = [
  {
    name: 'a kind in any case',
    read: target('GITrepository'),
    want: { kind: 'GitRepository', namespace: 'default', name: 'app' },
  },
  {
    name: 'a name with dots',
    read: target('kustomization', 'a-b', 'x.y-1'),
    want: { kind: 'Kustomization', namespace: 'a-b', name: 'x.y-1' },
  },
  { name: 'another kind', read: target('secret'), want: 'HTTP_NOT_FOUND' },
  ...['', '-a', 'A', 'a/b', 'a b', '..', 'a_b', 'a\n', 'a'.repeat(254), '{hawser}'].map((name) => ({
    name: `the name ${JSON.stringify(name.slice(0, 12))}`,
    read: target('kustomization', 'default', name),
    want: 'TRIGGER_INVALID',
  })),
  { name: 'no body', read: body(''), want: { expectedSha: undefined } },
  { name: 'an empty object', read: body('{}'), want: { expectedSha: undefined } },
  { name: 'a commit', read: body(`{"revision":"${SHA}"}`), want: { expectedSha: SHA } },
  { name: 'a revision', read: body(`{"revision":"main@sha1:${SHA}"}`), want: { expectedSha: SHA } },
  ...[
    '{',
    'null',
    '[]',
    '1',
    '{"revision":1}',
    '{"revision":"main"}',
    '{"Revision":"x"}',
    '{"revision":"abc1234"}',
  ].map((text) => ({ name: `the body ${text}`, read: body(text), want: 'TRIGGER_INVALID' })),
  { name: 'no key', read: key(undefined), want: undefined },
  { name: 'a key', read: key('run-1'), want: 'run-1' },
  ...['', 'a b', 'ü', 'x'.repeat(256)].map((text) => ({
    name: `the key ${JSON.stringify(text.slice(0, 8))}`,
    read: key(text),
    want: 'TRIGGER_INVALID',
  })),
  { name: 'two keys', read: key(['a', 'b']), want: 'TRIGGER_INVALID' },
  { name: 'no wish to wait', read: wait({}), want: { wait: false, timeoutMs: 900_000 } },
  { name: 'a wish to wait', read: wait({ wait: 'true', timeout: '1m30s' }), want: { wait: true, timeoutMs: 90_000 } },
  ...[{ wait: '1' }, { timeout: '2h' }, { timeout: '0s' }, { timeout: '10' }, { wait: ['true', 'true'] }].map(
    (query) => ({
      name: `the query ${JSON.stringify(query)}`,
      read: wait(query),
      want: 'TRIGGER_INVALID',
    }),
  ),
];

describe('what a trigger says', () => {
  for (const { name, read, want } of CASES) {
    test(`is read from ${name}`, () => {
      let got: unknown;
      try {
        got = read();
      } catch (error) {
        got = error instanceof HawserError ? error.code : error;
      }

      assert.deepEqual(got, want);
    });
  }
});
