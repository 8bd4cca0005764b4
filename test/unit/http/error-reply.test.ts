import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import { toErrorReply } from '../../../src/http/error-reply.ts';

const CASES: readonly { name: string; given: unknown; want: string }[] = [
  {
    name: 'an error that is meant for clients',
    given: new HawserError('WEBHOOK_BODY_INVALID', 'ref: bad'),
    want: '400 WEBHOOK_BODY_INVALID ref: bad',
  },
  {
    name: 'an error that is not, but passes',
    given: new HawserError('KUBE_UNREACHABLE', 'no answer from 10.0.0.1'),
    want: '503 KUBE_UNREACHABLE Hawser cannot answer this now; try again in a few seconds',
  },
  {
    name: 'an error that is not and stays',
    given: new HawserError('KUBE_REJECTED', 'spec.secret is wrong'),
    want: '500 INTERNAL an unexpected error; the log has the details',
  },
  { name: 'anything thrown', given: 'canary', want: '500 INTERNAL an unexpected error; the log has the details' },
  { name: 'a bug', given: new TypeError('canary'), want: '500 INTERNAL an unexpected error; the log has the details' },
  {
    name: 'a refusal by the framework',
    given: Object.assign(new Error('canary'), { statusCode: 415 }),
    want: '415 HTTP_REQUEST_INVALID the request is malformed: check URL and content type',
  },
  {
    name: 'a failure inside the framework',
    given: Object.assign(new Error('canary'), { statusCode: 500 }),
    want: '500 INTERNAL an unexpected error; the log has the details',
  },
];

for (const { name, given, want } of CASES) {
  test(`what a client is told about ${name}`, () => {
    const { status, code, message } = toErrorReply(given);

    assert.equal(`${status} ${code} ${message}`, want);
  });
}
