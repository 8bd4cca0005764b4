import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PushSummary, toSummaryStatus, type Word } from '../../../src/commit-status/to-summary-status.ts';

const word = (name: string, state: Word['state'], description = 'words'): Word => ({ name, state, description });
const summary = (words: readonly Word[], unaffected = 0, suspended = 0): PushSummary => ({
  words,
  unaffected,
  suspended,
});

const CASES: readonly { name: string; given: PushSummary; want: string }[] = [
  {
    name: 'all deployed',
    given: summary([word('a/x', 'success'), word('a/y', 'success'), word('a/z', 'success')], 117),
    want: 'success: 3 deployed, 117 unaffected',
  },
  {
    name: 'one failed, which is named',
    given: summary([word('a/x', 'success'), word('a/y', 'failure', 'Deployment/a/web refused')]),
    want: 'failure: 1 failed, 1 deployed: a/y: Deployment/a/web refused',
  },
  {
    name: 'one failed while another runs is no result yet',
    given: summary([word('a/x', undefined, ''), word('a/y', 'failure', 'refused')]),
    want: 'pending: 1 failed, 1 pending: a/y: refused',
  },
  {
    name: 'our trouble',
    given: summary([word('a/x', 'success'), word('a/y', 'error', 'no answer')]),
    want: 'error: 1 not deployed, 1 deployed: a/y: no answer',
  },
  {
    name: 'a failure outweighs our trouble',
    given: summary([word('a/x', 'error', 'no answer'), word('a/y', 'failure', 'refused')]),
    want: 'failure: 1 failed, 1 not deployed: a/y: refused',
  },
  {
    name: 'the only one speaks for itself',
    given: summary([word('a/x', 'failure', 'refused')], 9),
    want: 'failure: refused',
  },
  {
    name: 'nobody has said anything',
    given: summary([word('a/x', undefined, '')], 2),
    want: 'pending: 1 pending, 2 unaffected',
  },
  {
    name: 'what is suspended holds nobody up',
    given: summary([word('a/x', 'success'), word('a/y', 'suspended', '')], 0, 1),
    want: 'success: 1 deployed, 2 suspended',
  },
  { name: 'nothing that the push changed', given: summary([], 5), want: 'success: 5 unaffected' },
  { name: 'nothing there', given: summary([]), want: 'success: nothing to deploy' },
];

for (const { name, given, want } of CASES) {
  test(`the summary of a push: ${name}`, () => {
    const { state, description } = toSummaryStatus(given);

    assert.equal(`${state}: ${description}`, want);
  });
}
