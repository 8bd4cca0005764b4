import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileFormat } from '../../../src/decryption/file-format.ts';
import { openWith, readDecryptionFixture, readRecipient } from '../../support/decryption-fixtures.ts';
import { encryptValue, makeSops } from '../../support/make-sops.ts';

const RECORDED = [
  { name: 'a Secret whose data and stringData are encrypted', path: 'secret.yaml' },
  { name: 'YAML with every type and every way of quoting', path: 'values.yaml' },
  { name: 'YAML with comments everywhere', path: 'comments.yaml' },
  { name: 'YAML with several documents and recipients', path: 'multi.yaml' },
  { name: 'JSON', path: 'config.json' },
  { name: 'dotenv', path: 'app.env' },
  { name: 'ini', path: 'app.ini' },
  { name: 'binary', path: 'binary' },
  { name: 'YAML for an RSA key of PGP', path: 'pgp.yaml', plain: 'password.yaml', key: 'pgp.asc' },
  { name: 'YAML for a curve key of PGP', path: 'pgp-curve.yaml', plain: 'password.yaml', key: 'pgp-curve.asc' },
  { name: 'YAML for a post-quantum key of age', path: 'age-pq.yaml', plain: 'password.yaml', key: 'age-pq.agekey' },
];

for (const { name, path, plain = path, key = 'age.agekey' } of RECORDED) {
  test(`decrypts what SOPS has encrypted to the same bytes as SOPS: ${name}`, async () => {
    const decrypted = await openWith(key).decryptFile(path, readDecryptionFixture(`${path}.enc`));

    assert.equal(decrypted.toString('latin1'), readDecryptionFixture(`${plain}.plain`).toString('latin1'));
  });
}

test('any of several keys opens a file', async () => {
  const content = readDecryptionFixture('multi.yaml.enc');

  const decrypted = await openWith('other.agekey', 'pgp.asc').decryptFile('multi.yaml', content);

  assert.deepEqual(decrypted, readDecryptionFixture('multi.yaml.plain'));
});

const UNTOUCHED: readonly { name: string; path: string; content: string; format?: FileFormat }[] = [
  { name: 'a plain file', path: 'values.yaml', content: 'a: b\n' },
  {
    name: 'an encrypted file under a name of another format',
    path: 'values.json',
    content: 'sops:\n    mac: ENC[x]\n',
  },
  {
    name: 'an encrypted file that is asked for as another format',
    path: 'a.yaml',
    format: 'binary',
    content: 'mac: ENC[',
  },
];

for (const { name, path, content, format } of UNTOUCHED) {
  test(`returns the same bytes: ${name}`, async () => {
    const bytes = Buffer.from(content);

    assert.equal(await openWith('age.agekey').decryptFile(path, bytes, format), bytes);
  });
}

test('a format that is asked for wins over the name', async () => {
  const content = readDecryptionFixture('app.env.enc');

  const decrypted = await openWith('age.agekey').decryptFile('settings', content, 'dotenv');

  assert.deepEqual(decrypted, readDecryptionFixture('app.env.plain'));
});

test('YAML that people have laid out anew keeps its layout', async () => {
  const encrypted = readDecryptionFixture('pgp.yaml.enc').toString();
  const folded = encrypted.replace(/^password: (ENC\[.*\])$/m, '"password" :   >-\n      $1\n# note');

  const decrypted = await openWith('pgp.asc').decryptFile('pgp.yaml', Buffer.from(folded));

  assert.equal(decrypted.toString(), '"password" :   >-\n      canary-pgp\n# note\n');
});

test('where the layout cannot hold a value, YAML is written anew', async () => {
  const dataKey = Buffer.alloc(32, 7);
  const script = encryptValue('echo "a"\necho b\n', dataKey, { path: ['map', 'script'] });
  const text = `# note\nmap: { "script": "${script}", "9": [] }\n${await makeMetadata(dataKey)}`;

  const decrypted = await openWith('age.agekey').decryptFile('a.yaml', Buffer.from(text));

  assert.equal(decrypted.toString(), 'map:\n    "9": []\n    script: |\n        echo "a"\n        echo b\n');
});

test('a decrypted comment or date cannot become structure', async () => {
  const dataKey = Buffer.alloc(32, 7);
  const comment = encryptValue('x\nadmin: true', dataKey, { path: [], type: 'comment' });
  const when = encryptValue('2024-01-01\nadmin: true', dataKey, { path: ['when'], type: 'time' });
  const text = `#${comment}\nwhen: ${when}\n${await makeMetadata(dataKey)}`;

  const decrypted = await openWith('age.agekey').decryptFile('a.yaml', Buffer.from(text));

  assert.equal(decrypted.toString(), 'when: |-\n    2024-01-01\n    admin: true\n');
});

/** The metadata of a YAML file whose data key `age.agekey` opens. */
async function makeMetadata(dataKey: Buffer): Promise<string> {
  const { sops } = await makeSops({}, { age: [readRecipient('age.agekey')], dataKey });
  const { age, mac } = sops as { age: unknown; mac: string };
  return `sops:\n    age: ${JSON.stringify(age)}\n    mac: ${mac}\n`;
}

const CONVERTED = [
  { name: 'YAML as JSON', entry: 'values.json', from: 'values.yaml.enc', want: 'values.yaml.as-json' },
  { name: 'JSON as YAML', entry: 'config.yaml', from: 'config.json.enc', want: 'config.json.as-yaml' },
  { name: 'dotenv as JSON', entry: 'app.json', from: 'app.env.enc', want: 'app.env.as-json' },
  { name: 'binary as it is', entry: 'token', from: 'binary.enc', want: 'binary.plain' },
];

for (const { name, entry, from, want } of CONVERTED) {
  test(`an entry of a Secret is written in the format of its key, as SOPS writes it: ${name}`, async () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'a' },
      data: { [entry]: readDecryptionFixture(from).toString('base64') },
    };

    const { data } = await openWith('age.agekey').decryptObject(secret);

    const decrypted = Buffer.from((data as Record<string, string>)[entry] ?? '', 'base64');
    assert.equal(decrypted.toString('latin1'), readDecryptionFixture(want).toString('latin1'));
  });
}
