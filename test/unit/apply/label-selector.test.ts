import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLabelSelector } from '../../../src/apply/label-selector.ts';

const labels = { app: 'web', tier: 'front', size: '7', 'example.com/team': 'a' };

const cases: readonly { readonly selector: string; readonly want: boolean | undefined }[] = [
  { selector: '', want: true },
  { selector: 'app=web', want: true },
  { selector: ' app == web , tier=front ', want: true },
  { selector: 'app=web,tier=back', want: false },
  { selector: 'app!=web', want: false },
  { selector: 'absent!=web', want: true },
  { selector: 'app', want: true },
  { selector: 'absent', want: false },
  { selector: '!app', want: false },
  { selector: '!absent', want: true },
  { selector: 'tier in (front, back)', want: true },
  { selector: 'tier notin (front,back),app=web', want: false },
  { selector: 'absent notin (x)', want: true },
  { selector: 'absent in (x)', want: false },
  { selector: 'size>5', want: true },
  { selector: 'size < 5', want: false },
  { selector: 'example.com/team=a', want: true },
  { selector: 'app=', want: false },
  { selector: 'app in web', want: undefined },
  { selector: 'a=b=c', want: undefined },
  { selector: 'app=web,,tier', want: undefined },
];

for (const { selector, want } of cases) {
  const verb = want === undefined ? 'is malformed' : want ? 'selects' : 'does not select';
  test(`the label selector '${selector}' ${verb}`, () => assert.equal(parseLabelSelector(selector)?.(labels), want));
}
