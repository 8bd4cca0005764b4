import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import { toMergePatch } from '../../../src/kube/patch-status.ts';
import type { Receiver, ReceiverStatus } from '../../../src/model/receiver.ts';
import { type ReceiverReading, toReceiverStatus } from '../../../src/receiver/receiver-status.ts';

const NOW = new Date('2026-01-02T03:04:05.678Z');
const PATH = `/hook/${'a'.repeat(64)}`;
const READY: ReceiverReading = { kind: 'ready', path: PATH };
/** As Flux's notification-controller leaves it. */
const OF_FLUX: ReceiverStatus = {
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      reason: 'Succeeded',
      message: `Receiver initialized for path: ${PATH}`,
      observedGeneration: 2,
      lastTransitionTime: '2025-01-01T00:00:00Z',
    },
  ],
  observedGeneration: 2,
  webhookPath: PATH,
};

function failed(code: 'RECEIVER_INVALID' | 'RECEIVER_TOKEN_NOT_FOUND' | 'CEL_INVALID'): ReceiverReading {
  return { kind: 'failed', error: new HawserError(code, 'because') };
}

interface Case {
  readonly name: string;
  readonly given: ReceiverReading;
  readonly status?: ReceiverStatus;
  readonly spec?: Partial<Receiver['spec']>;
  readonly annotations?: Record<string, string>;
  readonly generation?: number;
  /** Conditions, then what else it says; `nothing` where there is nothing to write. */
  readonly want: string;
}

const CASES: readonly Case[] = [
  { name: 'with a path is ready', given: READY, want: `Ready True Succeeded; generation 2, path ${PATH}` },
  { name: 'that Flux has made ready is left as it is', given: READY, status: OF_FLUX, want: 'nothing' },
  {
    name: 'that was asked to look again answers',
    given: READY,
    status: OF_FLUX,
    annotations: { 'reconcile.fluxcd.io/requestedAt': 'now' },
    want: `Ready True Succeeded; generation 2, path ${PATH}, handled now`,
  },
  {
    name: 'without token has no path',
    given: failed('RECEIVER_TOKEN_NOT_FOUND'),
    status: OF_FLUX,
    want: 'Ready False TokenNotFound, Reconciling True ProgressingWithRetry; generation 2, path -',
  },
  {
    name: 'with a wrong filter is stalled and keeps its path',
    given: failed('CEL_INVALID'),
    status: OF_FLUX,
    generation: 3,
    want: `Ready False InvalidCELExpression, Stalled True InvalidCELExpression; generation 3, path ${PATH}`,
  },
  {
    name: 'of a type that is not ours is stalled',
    given: failed('RECEIVER_INVALID'),
    status: { observedGeneration: -1 },
    want: 'Ready False ValidationFailed, Stalled True ValidationFailed; generation 2, path -',
  },
  {
    name: 'of a type that is not ours is left to Flux where that serves it',
    given: failed('RECEIVER_INVALID'),
    status: OF_FLUX,
    want: 'nothing',
  },
  {
    name: 'of a type that is not ours is refused once its spec has changed',
    given: failed('RECEIVER_INVALID'),
    status: OF_FLUX,
    generation: 3,
    want: `Ready False ValidationFailed, Stalled True ValidationFailed; generation 3, path ${PATH}`,
  },
  {
    name: 'that is suspended is left as it is',
    given: failed('CEL_INVALID'),
    spec: { suspend: true },
    status: OF_FLUX,
    want: 'nothing',
  },
];

function describe({ given, status, spec, annotations, generation = 2 }: Case): string {
  const receiver: Receiver = {
    apiVersion: 'notification.toolkit.fluxcd.io/v1',
    kind: 'Receiver',
    metadata: { name: 'app', namespace: 'default', generation, ...(annotations ? { annotations } : {}) },
    spec: { type: 'github', resources: [], ...spec },
    status,
  };
  const next = toReceiverStatus(receiver, given, NOW);
  if (!next || toMergePatch(status ?? {}, next) === undefined) return 'nothing';
  const conditions = next.conditions?.map(({ type, status: is, reason }) => `${type} ${is} ${reason}`).join(', ');
  const handled = next.lastHandledReconcileAt === undefined ? '' : `, handled ${next.lastHandledReconcileAt}`;
  return `${conditions}; generation ${next.observedGeneration}, path ${next.webhookPath ?? '-'}${handled}`;
}

for (const given of CASES) {
  test(`the status of a Receiver ${given.name}`, () => {
    assert.equal(describe(given), given.want);
  });
}
