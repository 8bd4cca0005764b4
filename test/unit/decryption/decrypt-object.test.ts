import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { parseManifests } from '../../../src/manifest/parse-manifests.ts';
import type { KubeObject } from '../../../src/model/kube-object.ts';
import { openWith, readDecryptionFixture, readRecipient } from '../../support/decryption-fixtures.ts';
import { makeSops } from '../../support/make-sops.ts';

const OURS = readRecipient('age.agekey');
const OTHERS = readRecipient('other.agekey');
const HEAD = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace: 'prod' } } as const;
const HEAD_FIELDS = ['apiVersion', 'kind', 'metadata', 'type'];
const CANARY = 'canary-Secret-4711';

async function encryptObject(
  fields: Parameters<typeof makeSops>[0],
  options: Parameters<typeof makeSops>[1] = { age: [OURS] },
): Promise<KubeObject> {
  return (await makeSops({ ...HEAD, ...fields }, { plain: HEAD_FIELDS, ...options })) as unknown as KubeObject;
}

function encode(text: string | Buffer): string {
  return Buffer.from(text).toString('base64');
}

test('a Secret that the real SOPS has encrypted becomes the Secret that it was', async () => {
  const [encrypted] = parseManifests(readDecryptionFixture('secret.yaml.enc').toString(), { file: 'secret.yaml' });
  const [plain] = parseManifests(readDecryptionFixture('secret.yaml.plain').toString(), { file: 'secret.yaml' });

  assert.deepEqual(await openWith('age.agekey').decryptObject(encrypted!), plain);
});

test('what a build has added to an encrypted object stays, although no MAC can cover it', async () => {
  const encrypted = await encryptObject({ data: { password: encode(CANARY) } });
  const metadata = { ...encrypted.metadata, labels: { team: 'a' }, namespace: 'other' };

  const decrypted = await openWith('age.agekey').decryptObject({ ...encrypted, metadata });

  assert.deepEqual(decrypted, { ...HEAD, metadata, data: { password: encode(CANARY) } });
});

test('an object of any kind is decrypted, with lists, comments in lists and types', async () => {
  const [object] = parseManifests(
    `${readDecryptionFixture('comments.yaml.enc')}\n`.replace(
      /^/,
      'apiVersion: x/v1\nkind: Any\nmetadata: {name: a}\n',
    ),
    { file: 'any.yaml' },
  );

  const decrypted = await openWith('age.agekey').decryptObject(object!);

  assert.deepEqual(decrypted, {
    apiVersion: 'x/v1',
    kind: 'Any',
    metadata: { name: 'a' },
    top: 'canary-a',
    seq: ['canary-one', 'canary-two', { name: 'canary-n', other: 5, third: null }],
    map: { inner: 'canary-i' },
    last: { deep: { deeper: 'canary\nlines\n' } },
    end: 'canary-end',
  });
});

test("documents inside a Secret's values are decrypted, the other values stay", async () => {
  const secret = {
    ...HEAD,
    data: { 'app.env': encode(readDecryptionFixture('app.env.enc')), plain: encode('plain') },
    stringData: { 'values.yaml': readDecryptionFixture('values.yaml.enc').toString(), note: 'mac: none' },
  };

  const decrypted = await openWith('age.agekey').decryptObject(secret);

  assert.deepEqual(decrypted, {
    ...HEAD,
    data: { 'app.env': encode(readDecryptionFixture('app.env.plain')), plain: encode('plain') },
    stringData: { 'values.yaml': readDecryptionFixture('values.yaml.plain').toString(), note: 'mac: none' },
  });
});

const UNTOUCHED: readonly { name: string; object: () => Promise<KubeObject> | KubeObject }[] = [
  { name: 'a plain Secret', object: () => ({ ...HEAD, data: { a: encode('b') }, stringData: { c: 'd' } }) },
  { name: 'a Secret without data', object: () => ({ ...HEAD }) },
  {
    name: 'a ConfigMap that holds a SOPS document',
    object: () => ({
      ...HEAD,
      kind: 'ConfigMap',
      data: { 'a.yaml': readDecryptionFixture('values.yaml.enc').toString() },
    }),
  },
  {
    name: 'a field named sops that is none of SOPS',
    object: () => ({ ...HEAD, kind: 'Tool', sops: { enabled: true } }),
  },
  {
    name: 'an encrypted Secret that opts out',
    object: async () => {
      const annotations = { 'kustomize.toolkit.fluxcd.io/decrypt': 'Disabled' };
      return { ...(await encryptObject({ data: { a: 'b' } })), metadata: { ...HEAD.metadata, annotations } };
    },
  },
];

for (const { name, object } of UNTOUCHED) {
  test(`returns the same object: ${name}`, async () => {
    const given = await object();

    assert.equal(await openWith('age.agekey').decryptObject(given), given);
  });
}

/** A wrapped key of a kind that is only named. */
function entry(fields: Readonly<Record<string, string>>): readonly Record<string, string>[] {
  return [{ ...fields, enc: 'AAAA', created_at: '2026-01-01T00:00:00Z' }];
}

const REFUSED: readonly { name: string; object: () => Promise<KubeObject>; message: string | RegExp }[] = [
  {
    name: 'no key opens it',
    object: () => encryptObject({ data: { a: CANARY } }, { age: [OTHERS] }),
    message: `decryption failed for 'Secret/prod/db': no key of the Secret 'sops-keys' opens it: it is encrypted for age recipient ${OTHERS}`,
  },
  {
    name: 'only AWS KMS opens it',
    object: () =>
      encryptObject({ data: { a: CANARY } }, { metadata: { kms: entry({ arn: 'arn:aws:kms:eu:1:key/x' }) } }),
    message:
      "decryption failed for 'Secret/prod/db': it is encrypted for AWS KMS key arn:aws:kms:eu:1:key/x, which Hawser cannot use yet: add an age or PGP recipient",
  },
  {
    name: 'others and clouds open it',
    object: () =>
      encryptObject(
        { data: { a: CANARY } },
        {
          age: [OTHERS],
          metadata: {
            pgp: entry({ fp: 'ABCD' }),
            gcp_kms: entry({ resource_id: 'projects/p/k' }),
            azure_kv: entry({ vault_url: 'https://v.example.com', name: 'k', version: '1' }),
            hc_vault: entry({ vault_address: 'https://bao.example.com', engine_path: 'sops', key_name: 'k' }),
          },
        },
      ),
    message: `decryption failed for 'Secret/prod/db': no key of the Secret 'sops-keys' opens it: it is encrypted for age recipient ${OTHERS}, PGP key ABCD; it is also encrypted for GCP KMS key projects/p/k, Azure Key Vault key https://v.example.com/k/1, Vault transit key https://bao.example.com/sops/k, which Hawser cannot use yet: add an age or PGP recipient`,
  },
  {
    name: 'the data key is split (Shamir)',
    object: async () => {
      const [object] = parseManifests(
        `apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: prod}\n${readDecryptionFixture('key-groups.yaml.enc')}`,
        { file: 'a.yaml' },
      );
      return object!;
    },
    message:
      "decryption failed for 'Secret/prod/db': its data key is split over 2 key groups (Shamir), which Hawser cannot put together: use one key group",
  },
  {
    name: 'the metadata names no key',
    object: () => encryptObject({ data: { a: CANARY } }, {}),
    message: "decryption failed for 'Secret/prod/db': its SOPS metadata names no key",
  },
  {
    name: 'the metadata names too many keys',
    object: () => encryptObject({ data: { a: CANARY } }, { metadata: { pgp: Array(101).fill(entry({ fp: 'A' })[0]) } }),
    message: "decryption failed for 'Secret/prod/db': its SOPS metadata names more than 100 keys",
  },
  {
    name: 'a value was altered',
    object: async () => changeValue(await encryptObject({ data: { a: CANARY } }), (text) => flip(text, 'data:')),
    message: damaged('data.a'),
  },
  {
    name: 'a tag was altered',
    object: async () => changeValue(await encryptObject({ data: { a: CANARY } }), (text) => flip(text, 'tag:')),
    message: damaged('data.a'),
  },
  {
    name: 'a tag was cut to a length that GCM would accept',
    object: async () =>
      changeValue(await encryptObject({ data: { a: CANARY } }), (text) => text.replace(/tag:[^,]+/, 'tag:AAAAAA==')),
    message: damaged('data.a'),
  },
  {
    name: 'a value was moved to another field',
    object: async () => {
      const { data, ...object } = await encryptObject({ data: { a: CANARY } });
      return { ...object, data: { b: (data as Record<string, string>).a } } as KubeObject;
    },
    message: damaged('data.b'),
  },
  {
    name: 'a document in a Secret is not for us',
    object: async () => ({ ...HEAD, data: { 'p.yaml': encode(readDecryptionFixture('pgp.yaml.enc')) } }),
    message:
      /^decryption failed for 'Secret\/prod\/db': the value of 'p.yaml': no key of the Secret 'sops-keys' opens it/,
  },
  {
    name: "a document's format does not fit its name",
    object: async () => ({ ...HEAD, data: { password: encode(readDecryptionFixture('values.yaml.enc')) } }),
    message:
      "decryption failed for 'Secret/prod/db': the value of 'password': it is encrypted as yaml, and its name asks for a file of no known format: give it a name that ends in .yaml",
  },
  {
    name: 'a document is larger than any that is meant',
    object: async () => ({ ...HEAD, data: { 'a.yaml': encode(`mac: ENC[${'x'.repeat(5 * 1024 * 1024)}`) } }),
    message: "decryption failed for 'Secret/prod/db': the value of 'a.yaml': it is larger than 5 MiB",
  },
  {
    name: 'a document is not JSON',
    object: async () => ({ ...HEAD, data: { 'a.json': encode(`{"mac": "ENC[", "a": ${CANARY}}`) } }),
    message: "decryption failed for 'Secret/prod/db': the value of 'a.json': it is not valid JSON",
  },
  {
    name: 'a document is not YAML',
    object: async () => ({ ...HEAD, data: { 'a.yaml': encode(`a: *${CANARY}\nmac: ENC[`) } }),
    message: "decryption failed for 'Secret/prod/db': the value of 'a.yaml': it is not valid YAML",
  },
  {
    name: 'a document is not dotenv',
    object: async () => ({ ...HEAD, data: { '.env': encode(`sops_mac=ENC[\n${CANARY}\n`) } }),
    message: "decryption failed for 'Secret/prod/db': the value of '.env': line 2 is no dotenv line (KEY=value)",
  },
];

for (const { name, object, message } of REFUSED) {
  test(`fails and says why, without any value: ${name}`, async () => {
    const given = await object();

    const error = await failureOf(() => openWith('age.agekey').decryptObject(given));

    assert.equal(error.code, 'DECRYPTION_FAILED');
    assert.equal(error.disposition, 'stalled');
    if (typeof message === 'string') assert.equal(error.message, message);
    else assert.match(error.message, message);
    assert.doesNotMatch(`${error.stack}${JSON.stringify(error.data)}${(error.cause as Error).stack}`, /canary|ENC\[/i);
  });
}

test('without any key the message names the Secret that has none', async () => {
  const given = await encryptObject({ data: { a: CANARY } });

  const error = await failureOf(() => openWith().decryptObject(given));

  assert.match(error.message, /no key of the Secret 'sops-keys' opens it/);
});

test('a failure is not remembered: the same decryptor goes on with what it can open', async () => {
  const dataKey = randomBytes(32);
  const decryptor = openWith('age.agekey');
  const closed = await encryptObject({ data: { a: 'one' } }, { age: [OTHERS], dataKey });
  const open = await encryptObject({ data: { a: 'two' } }, { age: [OTHERS, OURS], dataKey });

  await failureOf(() => decryptor.decryptObject(closed));

  assert.deepEqual((await decryptor.decryptObject(open)).data, { a: 'two' });
});

interface Failure extends Error {
  readonly code: string;
  readonly disposition: string;
  readonly data: unknown;
}

async function failureOf(attempt: () => Promise<unknown>): Promise<Failure> {
  try {
    await attempt();
  } catch (error) {
    return error as Failure;
  }
  throw new assert.AssertionError({ message: 'it did not fail' });
}

function damaged(path: string): string {
  return `decryption failed for 'Secret/prod/db': the encrypted value at ${path} is damaged, or was written for another place or another data key`;
}

function changeValue(object: KubeObject, change: (text: string) => string): KubeObject {
  const { a } = object.data as Record<string, string>;
  return { ...object, data: { a: change(a!) } };
}

/** Changes the first character after a marker. */
function flip(text: string, marker: string): string {
  const at = text.indexOf(marker) + marker.length;
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
}
