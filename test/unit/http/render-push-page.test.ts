import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PushView } from '../../../src/http/push-view.ts';
import { pushPageHeaders, renderPushPage } from '../../../src/http/render-push-page.ts';

const EVIL = `<script>alert("1")</script>'&`;
const ESCAPED = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;';

const PUSH: PushView = {
  id: EVIL,
  heard: EVIL,
  repository: EVIL,
  ref: EVIL,
  before: EVIL,
  after: EVIL,
  heardAt: EVIL,
  steps: [{ at: EVIL, object: EVIL, step: EVIL, detail: EVIL, durationMs: 12.4 }],
  matched: [EVIL],
  unmatched: [{ key: EVIL, reason: EVIL }],
  outcomes: { [EVIL]: { kind: EVIL, revision: EVIL, message: EVIL, at: EVIL } },
  reason: EVIL,
};

test('whatever a push holds is shown as text', () => {
  const page = renderPushPage(PUSH);

  assert.doesNotMatch(page, /<script/);
  assert.equal(page.split(ESCAPED).length - 1, 20);
});

test('the page loads nothing and runs nothing, and its policy says so', () => {
  const page = renderPushPage(PUSH);

  assert.doesNotMatch(page, /\b(src|href|on[a-z]+)=/);
  assert.match(pushPageHeaders()['content-security-policy'] ?? '', /default-src 'none'; style-src 'sha256-/);
});

test('a push of which little is known has a page too', () => {
  const page = renderPushPage({
    id: '1',
    heard: 'poll',
    heardAt: '2026-01-01T00:00:00Z',
    steps: [],
    matched: [],
    unmatched: [],
    outcomes: {},
  });

  assert.match(page, /<title>Push<\/title>/);
  assert.doesNotMatch(page, /undefined|<h2>/);
});

test('steps and results are told by the time since the push was heard of', () => {
  const page = renderPushPage({
    ...PUSH,
    heardAt: '2026-01-01T00:00:00.000Z',
    steps: [{ at: '2026-01-01T00:00:00.076Z', step: 'fetched' }],
    outcomes: { app: { kind: 'done', at: '2026-01-01T00:00:12.340Z' } },
  });

  assert.match(page, /<td>76 ms<\/td><td><\/td><td>fetched<\/td>/);
  assert.match(page, /<td>app<\/td><td>done<\/td><td><\/td><td>12\.3 s<\/td>/);
});
