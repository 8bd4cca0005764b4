import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMessage, encrypt, generateKey, readKey } from 'openpgp';
import { createDecryptor } from '../../../src/decryption/create-decryptor.ts';
import { readDecryptionKeys } from '../../../src/decryption/decryption-keys.ts';
import { redact } from '../../../src/errors/redact.ts';
import { readDecryptionFixture } from '../../support/decryption-fixtures.ts';
import { makeSops } from '../../support/make-sops.ts';

const AGE = encode(readDecryptionFixture('age.agekey'));
const OTHER = encode(readDecryptionFixture('other.agekey'));
const PGP = encode(readDecryptionFixture('pgp.asc'));
const IDENTITY = /AGE-SECRET-KEY-1\w+/.exec(readDecryptionFixture('age.agekey').toString())?.[0] ?? '';

function encode(text: string | Buffer): string {
  return Buffer.from(text).toString('base64');
}

function idOf(data: Readonly<Record<string, string>>): string {
  return readDecryptionKeys(data, 'keys').id;
}

test('the id changes with a key and its name, and with nothing else', () => {
  const id = idOf({ 'a.agekey': AGE, 'b.asc': PGP });

  assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(idOf({ 'b.asc': PGP, 'a.agekey': AGE, note: encode('x') }), id);
  assert.notEqual(idOf({ 'a.agekey': OTHER, 'b.asc': PGP }), id);
  assert.notEqual(idOf({ 'a.agekey': AGE }), id);
});

test('a key that was read is redacted from then on', () => {
  idOf({ 'a.agekey': AGE });

  assert.equal(redact(`the key ${IDENTITY} leaked`), 'the key [redacted] leaked');
});

test('credentials of clouds are noted and change nothing', () => {
  const keys = readDecryptionKeys({ 'sops.aws-kms': encode('aws: x'), 'a.agekey': AGE }, 'keys');

  assert.deepEqual(keys.unused, ['sops.aws-kms']);
  assert.equal(keys.id, idOf({ 'a.agekey': AGE }));
});

const INVALID = [
  { name: 'text', text: 'canary', what: 'line 1 is not an age identity (AGE-SECRET-KEY-1…)' },
  {
    name: 'a damaged identity',
    text: `# note\n${IDENTITY.slice(0, -1)}`,
    what: 'line 2 is not an age identity (AGE-SECRET-KEY-1…)',
  },
  {
    name: 'a plugin',
    text: 'AGE-PLUGIN-YUBIKEY-1CANARY',
    what: 'line 1 is an identity of an age plugin, which Hawser cannot run',
  },
  { name: 'a comment only', text: '# canary\n\n', what: 'it holds no age identity (AGE-SECRET-KEY-1…)' },
];

for (const { name, text, what } of INVALID) {
  test(`an age key file that holds no key is refused by name, never quoted: ${name}`, () => {
    assert.throws(() => readDecryptionKeys({ 'age.agekey': encode(text) }, 'sops-keys'), {
      code: 'DECRYPTION_KEYS_INVALID',
      message: `cannot use 'age.agekey' of the decryption Secret 'sops-keys': ${what}`,
    });
  });
}

async function decryptForPgp(armored: string | Buffer): Promise<Buffer> {
  const keys = readDecryptionKeys({ 'pgp.asc': encode(armored) }, 'sops-keys');
  return createDecryptor(keys).decryptFile('pgp.yaml', readDecryptionFixture('pgp.yaml.enc'));
}

const UNUSABLE_PGP = [
  { name: 'text', key: async () => 'canary', what: 'it is not an exported PGP key (gpg --export-secret-keys --armor)' },
  {
    name: 'a key with a passphrase',
    key: async () => (await generateKey({ userIDs: { name: 'a' }, passphrase: 'canary' })).privateKey,
    what: 'the key is protected by a passphrase: export it without one',
  },
];

for (const { name, key, what } of UNUSABLE_PGP) {
  test(`a PGP file that holds no usable key is refused when it is needed: ${name}`, async () => {
    const armored = await key();

    await assert.rejects(() => decryptForPgp(armored), {
      code: 'DECRYPTION_KEYS_INVALID',
      message: `cannot use 'pgp.asc' of the decryption Secret 'sops-keys': ${what}`,
    });
  });
}

const USABLE_PGP = [
  {
    name: 'several blocks in one file',
    key: async () => `${readDecryptionFixture('pgp-curve.asc')}${readDecryptionFixture('pgp.asc')}`,
  },
  {
    name: 'a public key beside it',
    key: async () => `${(await generateKey({ userIDs: { name: 'a' } })).publicKey}${readDecryptionFixture('pgp.asc')}`,
  },
  { name: 'binary, not armored', key: async () => dearmor(readDecryptionFixture('pgp.asc').toString()) },
];

for (const { name, key } of USABLE_PGP) {
  test(`PGP keys are found as gpg exports them: ${name}`, async () => {
    const decrypted = await decryptForPgp(await key());

    assert.deepEqual(decrypted, readDecryptionFixture('password.yaml.plain'));
  });
}

test('a PGP key that has expired still opens what it was used for', async () => {
  const dataKey = Buffer.alloc(32, 7);
  const made = new Date('2020-01-01T00:00:00Z');
  const { privateKey, publicKey } = await generateKey({
    userIDs: { name: 'a' },
    keyExpirationTime: 86_400,
    date: made,
  });
  const message = await createMessage({ binary: dataKey, date: made });
  const encryptionKeys = await readKey({ armoredKey: publicKey });
  const enc = await encrypt({ message, encryptionKeys, date: new Date('2020-01-01T05:00:00Z') });
  const document = await makeSops({ data: { a: 'b' } }, { dataKey, metadata: { pgp: [{ fp: 'ABCD', enc }] } });
  const decryptor = createDecryptor(readDecryptionKeys({ 'pgp.asc': encode(privateKey) }, 'sops-keys'));

  const decrypted = await decryptor.decryptObject({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'a' },
    ...document,
  });

  assert.deepEqual(decrypted.data, { a: 'b' });
});

function dearmor(armored: string): Buffer {
  const [, body = ''] = armored.split('\n\n');
  return Buffer.from(body.replace(/\n=[\s\S]*$/, ''), 'base64');
}
