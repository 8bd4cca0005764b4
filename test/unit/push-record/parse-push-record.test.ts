import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePushRecord } from '../../../src/push-record/parse-push-record.ts';

const OPENING = { heard: 'poll', heardAt: '2026-01-01T00:00:00Z' };
const OPENED = { opening: JSON.stringify(OPENING), deliveries: '1' };
const EMPTY = {
  id: 'p',
  ...OPENING,
  deliveries: 1,
  stepsDropped: 0,
  steps: [],
  matched: [],
  unmatched: [],
  pins: {},
  outcomes: {},
};

const CASES = [
  { name: 'No record reads as none', fields: {}, steps: [], want: undefined },
  { name: 'Fields without an opening are no record', fields: { reason: 'late' }, steps: [], want: undefined },
  { name: 'An opened record is empty', fields: OPENED, steps: [], want: EMPTY },
  {
    name: 'Outcomes are kept by object, steps in order',
    fields: { ...OPENED, 'outcome:Kustomization/a/b': '{"kind":"done","at":"now"}', reason: 'why' },
    steps: ['{"at":"1","step":"first"}', '{"at":"2","step":"second"}'],
    want: {
      ...EMPTY,
      outcomes: { 'Kustomization/a/b': { kind: 'done', at: 'now' } },
      steps: [
        { at: '1', step: 'first' },
        { at: '2', step: 'second' },
      ],
      reason: 'why',
    },
  },
];

for (const { name, fields, steps, want } of CASES) {
  test(name, () => {
    assert.deepEqual(parsePushRecord({ id: 'p', fields, steps }), want);
  });
}
