import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lease } from '../../../src/queue/lease.ts';

interface Case {
  readonly name: string;
  readonly leaseMs: number;
  readonly askedAgoMs: number;
  readonly writeTimeoutMs: number;
  readonly isCovered: boolean;
}

const CASES: readonly Case[] = [
  { name: 'a write well within the lease', leaseMs: 60_000, askedAgoMs: 0, writeTimeoutMs: 50_000, isCovered: true },
  { name: 'a write longer than the lease', leaseMs: 60_000, askedAgoMs: 0, writeTimeoutMs: 60_001, isCovered: false },
  { name: 'a write late in the lease', leaseMs: 60_000, askedAgoMs: 40_000, writeTimeoutMs: 30_000, isCovered: false },
  { name: 'any write after the lease', leaseMs: 60_000, askedAgoMs: 60_001, writeTimeoutMs: 0, isCovered: false },
];

for (const { name, leaseMs, askedAgoMs, writeTimeoutMs, isCovered } of CASES) {
  test(`The lease ${isCovered ? 'covers' : 'does not cover'} ${name}`, (t) => {
    const askedAt = performance.now() - askedAgoMs;
    const store = { renew: async () => true };
    const lease = new Lease({
      store,
      member: 'Kustomization/default/app',
      token: 't',
      leaseMs,
      askedAt,
      onLost: () => {},
    });
    t.after(() => lease.stop());

    if (isCovered) assert.doesNotThrow(() => lease.assert(writeTimeoutMs));
    else assert.throws(() => lease.assert(writeTimeoutMs), { code: 'SYNC_LEASE_LOST' });
  });
}
