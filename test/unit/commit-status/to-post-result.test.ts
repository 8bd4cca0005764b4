import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GITHUB_WORDS } from '../../../src/commit-status/github-reporter.ts';
import { toPostResult } from '../../../src/commit-status/to-post-result.ts';

const NOW = 1_700_000_000_000;
const RESET = String(NOW / 1_000 + 90);
const LATER = String(NOW / 1_000 + 86_400);

const CASES: readonly {
  name: string;
  status: number;
  headers?: Record<string, string>;
  message?: string;
  want: string;
}[] = [
  { name: '201', status: 201, want: 'posted' },
  { name: '200 of something in between', status: 200, want: 'retry' },
  { name: '429 with Retry-After', status: 429, headers: { 'retry-after': '30' }, want: 'rateLimited 30000 told' },
  { name: '429 without a word', status: 429, want: 'rateLimited 60000 untold' },
  {
    name: '429 with a date',
    status: 429,
    headers: { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' },
    want: 'rateLimited 60000 untold',
  },
  {
    name: '403 with no requests left',
    status: 403,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': RESET },
    want: 'rateLimited 90000 told',
  },
  {
    name: '403 with a reset that is over',
    status: 403,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' },
    want: 'rateLimited 1000 told',
  },
  {
    name: '403 with a reset tomorrow',
    status: 403,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': LATER },
    want: 'rateLimited 3900000 told',
  },
  {
    name: '403 with Retry-After and requests left',
    status: 403,
    headers: { 'retry-after': '60', 'x-ratelimit-remaining': '9', 'x-ratelimit-reset': RESET },
    want: 'rateLimited 60000 told',
  },
  {
    name: '403 that only says it',
    status: 403,
    headers: { 'x-ratelimit-remaining': '9', 'x-ratelimit-reset': RESET },
    message: 'You have exceeded a secondary rate limit',
    want: 'rateLimited 60000 untold',
  },
  { name: '403 for lack of permission', status: 403, message: 'Resource not accessible', want: 'failed' },
  { name: '401', status: 401, want: 'failed' },
  { name: '404', status: 404, want: 'failed' },
  { name: '422', status: 422, want: 'failed' },
  {
    name: '429 with the headers of GitLab',
    status: 429,
    headers: { 'ratelimit-remaining': '0', 'ratelimit-reset': RESET },
    want: 'rateLimited 90000 told',
  },
  { name: 'a redirect, which leads nowhere', status: 302, want: 'failed' },
  { name: '409', status: 409, want: 'retry' },
  { name: '500', status: 500, want: 'retry' },
  { name: '503', status: 503, want: 'retry' },
];

for (const { name, status, headers = {}, message = '', want } of CASES) {
  test(`what GitHub’s answer means: ${name}`, () => {
    const result = toPostResult({ status, headers, message }, GITHUB_WORDS, NOW);

    const pause = result.kind === 'rateLimited' ? ` ${result.retryAfterMs} ${result.told ? 'told' : 'untold'}` : '';
    assert.equal(result.kind + pause, want);
  });
}
