import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ApplyContext } from '../../../src/apply/apply-object.ts';
import { toDesiredObjects } from '../../../src/apply/desired.ts';
import { createLiveObjects } from '../../../src/apply/live-objects.ts';
import { tryObject } from '../../../src/apply/try-object.ts';
import type { KubeClient } from '../../../src/kube/kube-client.ts';
import { toKubeError } from '../../../src/kube/to-kube-error.ts';
import type { KubeObject } from '../../../src/model/kube-object.ts';

const config: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'app' } };

/** No API server of today lets a webhook be registered that does not support dry-runs; old ones did. */
const UNSUPPORTED = 'admission webhook "old.example.com" does not support dry run';

describe('trying an object', () => {
  test('that cannot be tried counts as passed, and says why', async () => {
    const { notes } = await tryObject(makeContext(400, UNSUPPORTED), desired());

    assert.match(notes.join(), /could not be tried before it was written/);
  });

  test('that is refused fails with its name', async () => {
    await assert.rejects(tryObject(makeContext(422, 'spec.x: Invalid value'), desired()), {
      code: 'APPLY_FAILED',
      message: 'ConfigMap/app/a dry-run failed (BadRequest): spec.x: Invalid value',
      disposition: 'stalled',
    });
  });
});

function desired() {
  const [object] = toDesiredObjects([config], { name: 'app', namespace: 'flux' }, () => ({ namespaced: true }));
  if (!object) throw new Error('one object was given');
  return object;
}

function makeContext(status: number, message: string): ApplyContext {
  const refusal = JSON.stringify({ kind: 'Status', reason: 'BadRequest', message });
  const client = {
    apply: () => Promise.reject(toKubeError({ status, body: refusal })),
    get: () => Promise.resolve(undefined),
  } as unknown as KubeClient;
  return {
    client,
    live: createLiveObjects(),
    signal: new AbortController().signal,
    beforeWrite: () => {},
    force: false,
    kindsAreNew: false,
    rolesAreNew: false,
    changedPolicies: new Set(),
  };
}
