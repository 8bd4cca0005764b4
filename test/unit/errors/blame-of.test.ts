import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blameOf } from '../../../src/errors/blame-of.ts';
import { HawserError } from '../../../src/errors/hawser-error.ts';

const away = new HawserError('KUBE_UNAVAILABLE', 'away');
const refused = new HawserError('KUBE_REJECTED', 'refused');

const CASES: readonly [name: string, error: unknown, want: string][] = [
  ['what a person must change is the manifests’', new HawserError('RENDER_FAILED', 'no'), 'manifests'],
  ['what may pass is ours', new HawserError('INTERNAL', 'no'), 'us'],
  [
    'what may pass but is written in the manifests is theirs',
    new HawserError('HEALTH_CHECK_FAILED', 'no'),
    'manifests',
  ],
  ['a cause that is ours makes it ours', new HawserError('APPLY_FAILED', 'no', { cause: away }), 'us'],
  ['a cause that is theirs keeps it theirs', new HawserError('APPLY_FAILED', 'no', { cause: refused }), 'manifests'],
  ['a deadline is ours, whatever it ended', new HawserError('SYNC_TIMEOUT', 'no', { cause: refused }), 'us'],
  ['one failure of theirs among ours is theirs', new AggregateError([away, refused]), 'manifests'],
  ['several of ours are ours', new AggregateError([away, away]), 'us'],
  ['a surprise is ours', new TypeError('x is not a function'), 'us'],
];

for (const [name, error, want] of CASES) test(`blame: ${name}`, () => assert.equal(blameOf(error), want));
