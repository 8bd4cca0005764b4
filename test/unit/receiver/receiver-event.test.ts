import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import type { Receiver } from '../../../src/model/receiver.ts';
import { toReceiverEvent } from '../../../src/receiver/receiver-event.ts';
import type { ReceiverReading } from '../../../src/receiver/receiver-status.ts';

const READY: ReceiverReading = { kind: 'ready', path: '/hook/canary' };

function failed(error: unknown): ReceiverReading {
  return { kind: 'failed', error };
}

interface Case {
  readonly name: string;
  readonly given: ReceiverReading;
  readonly spec?: Partial<Receiver['spec']>;
  /** Type, reason and message. */
  readonly want: string | undefined;
}

const CASES: readonly Case[] = [
  {
    name: 'that is ready, with its interval',
    given: READY,
    spec: { interval: '90s' },
    want: 'Normal Succeeded: Reconciliation finished, next run in 1m30s',
  },
  {
    name: 'that is ready, with Flux’s interval where there is none',
    given: READY,
    want: 'Normal Succeeded: Reconciliation finished, next run in 10m0s',
  },
  {
    name: 'whose Secret is not there, which may come',
    given: failed(new HawserError('RECEIVER_TOKEN_NOT_FOUND', 'no Secret')),
    want: 'Warning Failed: no Secret',
  },
  {
    name: 'whose type is not taken',
    given: failed(new HawserError('RECEIVER_INVALID', 'no such type')),
    want: 'Warning ValidationFailed: no such type',
  },
  {
    name: 'whose filter is wrong',
    given: failed(new HawserError('CEL_INVALID', 'no such field')),
    want: 'Warning InvalidCELExpression: no such field',
  },
  { name: 'with a surprise', given: failed(new Error('odd')), want: 'Warning Failed: odd' },
  { name: 'that is suspended: nothing', given: READY, spec: { suspend: true }, want: undefined },
];

for (const { name, given, spec, want } of CASES) {
  test(`the event of a Receiver ${name}`, () => {
    const receiver = { metadata: { name: 'app' }, spec } as unknown as Receiver;
    const event = toReceiverEvent({ ...receiver, spec: { ...receiver.spec, type: 'github' } }, given);

    assert.equal(event && `${event.type} ${event.reason}: ${event.message}`, want);
  });
}
