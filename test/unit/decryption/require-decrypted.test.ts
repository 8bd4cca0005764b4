import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isEncrypted } from '../../../src/decryption/is-encrypted.ts';
import { requireDecrypted } from '../../../src/decryption/require-decrypted.ts';
import type { KubeObject } from '../../../src/model/kube-object.ts';

const SECRET: KubeObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace: 'prod' } };
const SOPS = { mac: 'ENC[x]', version: '3.13.3' };

test("an encrypted Secret is refused in Flux's words", () => {
  assert.throws(() => requireDecrypted([SECRET, { ...SECRET, sops: SOPS }]), {
    code: 'DECRYPTION_REQUIRED',
    reason: 'BuildFailed',
    message: 'Secret/prod/db is SOPS encrypted, configuring decryption is required for this secret to be reconciled',
  });
});

const PASSED: readonly { name: string; object: KubeObject }[] = [
  { name: 'a plain Secret', object: SECRET },
  { name: 'an encrypted object of another kind', object: { ...SECRET, kind: 'Tool', sops: SOPS } },
  { name: 'a Secret of another group', object: { ...SECRET, apiVersion: 'x/v1', sops: SOPS } },
  {
    name: 'a Secret that opts out',
    object: {
      ...SECRET,
      metadata: { ...SECRET.metadata, annotations: { 'kustomize.toolkit.fluxcd.io/decrypt': 'disabled' } },
      sops: SOPS,
    },
  },
];

for (const { name, object } of PASSED) {
  test(`passes: ${name}`, () => {
    assert.doesNotThrow(() => requireDecrypted([object]));
  });
}

const ENCRYPTED = [
  { name: 'with the metadata of SOPS', sops: SOPS, want: true },
  { name: 'without a field sops', sops: undefined, want: false },
  { name: 'with a field sops of its own', sops: { enabled: true }, want: false },
  { name: 'with an empty mac', sops: { mac: '' }, want: false },
];

for (const { name, sops, want } of ENCRYPTED) {
  test(`an object ${name} is ${want ? '' : 'not '}encrypted`, () => {
    assert.equal(isEncrypted({ ...SECRET, sops }), want);
  });
}
