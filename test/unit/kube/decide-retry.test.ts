import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideRetry, type FailedAttempt } from '../../../src/kube/decide-retry.ts';

interface Case {
  readonly name: string;
  readonly given: Partial<FailedAttempt>;
  readonly want: number | undefined;
}

const idempotent = { isIdempotent: true };
const once = { isIdempotent: false };

const CASES: readonly Case[] = [
  {
    name: 'an overloaded API server is given the time it asks for',
    given: { status: 429, retryAfter: '2', ...once },
    want: 2_000,
  },
  { name: 'an absurd Retry-After is capped', given: { status: 429, retryAfter: '86400', ...once }, want: 30_000 },
  { name: 'a Retry-After that is no number is ignored', given: { status: 429, retryAfter: 'soon', ...once }, want: 50 },
  {
    name: 'told to wait, ten attempts are made',
    given: { status: 429, retryAfter: '1', attempt: 9, ...once },
    want: 1_000,
  },
  { name: 'the tenth 429 is final', given: { status: 429, retryAfter: '1', attempt: 10, ...once }, want: undefined },
  { name: 'a 500 that tells when is repeated', given: { status: 500, retryAfter: '1', ...idempotent }, want: 1_000 },
  { name: 'a POST is not repeated after a 500', given: { status: 500, retryAfter: '1', ...once }, want: undefined },
  { name: 'a 500 may pass and is repeated', given: { status: 500, ...idempotent }, want: 50 },
  {
    name: 'a 500 that would come again is an answer',
    given: { status: 500, isFinal: true, ...idempotent },
    want: undefined,
  },
  { name: 'the fourth 500 is final', given: { status: 500, attempt: 4, ...idempotent }, want: undefined },
  { name: 'a POST is not repeated after a bare 500', given: { status: 500, ...once }, want: undefined },
  { name: 'a 503 is repeated', given: { status: 503, ...idempotent }, want: 50 },
  { name: 'a POST is not repeated after a 503', given: { status: 503, ...once }, want: undefined },
  {
    name: 'a broken connection is tried again',
    given: { status: 0, errorCode: 'ECONNRESET', ...idempotent },
    want: 50,
  },
  {
    name: 'a POST whose connection broke is not',
    given: { status: 0, errorCode: 'ECONNRESET', ...once },
    want: undefined,
  },
  { name: 'a POST that never left is', given: { status: 0, errorCode: 'ECONNREFUSED', ...once }, want: 50 },
  { name: 'waits grow', given: { status: 0, attempt: 3, ...idempotent }, want: 800 },
  { name: 'the fourth failure is final', given: { status: 0, attempt: 4, ...idempotent }, want: undefined },
  { name: 'rejected credentials are loaded anew once', given: { status: 401, ...once }, want: 50 },
  { name: 'credentials rejected twice are an answer', given: { status: 401, attempt: 2, ...once }, want: undefined },
  { name: 'a conflict is an answer', given: { status: 409, ...idempotent }, want: undefined },
];

for (const { name, given, want } of CASES) {
  test(name, () => {
    assert.equal(decideRetry({ status: 0, attempt: 1, isIdempotent: false, ...given }), want);
  });
}
