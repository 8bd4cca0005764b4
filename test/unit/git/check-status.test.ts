import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HawserError } from '../../../src/errors/hawser-error.ts';
import { checkStatus } from '../../../src/git/check-status.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const inSeconds = (seconds: number) => String(NOW / 1000 + seconds);

interface Case {
  readonly name: string;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The code, and for how many seconds the server is left alone. */
  readonly want: string;
}

const CASES: readonly Case[] = [
  { name: '429 with seconds', status: 429, headers: { 'retry-after': '7' }, want: 'GIT_RATE_LIMITED 7' },
  {
    name: '429 with a date',
    status: 429,
    headers: { 'retry-after': 'Thu, 01 Jan 2026 00:02:00 GMT' },
    want: 'GIT_RATE_LIMITED 120',
  },
  { name: '429 with nothing', status: 429, want: 'GIT_RATE_LIMITED 60' },
  { name: '429 with nonsense', status: 429, headers: { 'retry-after': 'soon' }, want: 'GIT_RATE_LIMITED 60' },
  { name: '429 that asks for a day', status: 429, headers: { 'retry-after': '86400' }, want: 'GIT_RATE_LIMITED 3600' },
  {
    name: '429 with a date that has passed',
    status: 429,
    headers: { 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' },
    want: 'GIT_RATE_LIMITED 1',
  },
  { name: '503 with Retry-After', status: 503, headers: { 'retry-after': '30' }, want: 'GIT_RATE_LIMITED 30' },
  { name: '503 without', status: 503, want: 'GIT_UNREACHABLE' },
  {
    name: '403 with Retry-After, GitHub’s secondary limit',
    status: 403,
    headers: { 'retry-after': '60' },
    want: 'GIT_RATE_LIMITED 60',
  },
  {
    name: '403 with nothing left until the reset, GitHub’s primary limit',
    status: 403,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': inSeconds(900) },
    want: 'GIT_RATE_LIMITED 900',
  },
  {
    name: '403 with enough left',
    status: 403,
    headers: { 'x-ratelimit-remaining': '59', 'x-ratelimit-reset': inSeconds(900) },
    want: 'GIT_AUTHENTICATION_FAILED',
  },
  { name: '403', status: 403, want: 'GIT_AUTHENTICATION_FAILED' },
  { name: '200', status: 200, headers: { 'retry-after': '60' }, want: 'nothing' },
];

describe('what an HTTP status says about a repository', () => {
  for (const { name, status, headers = {}, want } of CASES) {
    test(`${name}: ${want}`, () => {
      assert.equal(describeStatus(status, headers), want);
    });
  }

  test('the message says until when the server is left alone', () => {
    const check = () => checkStatus({ status: 429, headers: { 'retry-after': '90' }, body: Buffer.alloc(0) }, NOW);

    assert.throws(check, { message: 'the server asks to wait until 2026-01-01T00:01:30Z (HTTP 429)' });
  });
});

function describeStatus(status: number, headers: Readonly<Record<string, string>>): string {
  try {
    checkStatus({ status, headers, body: Buffer.alloc(0) }, NOW);
    return 'nothing';
  } catch (error) {
    const { code, retryAt } = error as HawserError;
    return retryAt ? `${code} ${(retryAt.getTime() - NOW) / 1000}` : code;
  }
}
