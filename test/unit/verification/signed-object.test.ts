import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseSignedCommit, parseSignedTag } from '../../../src/verification/signed-object.ts';
import { readTrustedKeys } from '../../../src/verification/trusted-keys.ts';

const SIGNATURE = '-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n';
const HEADER = `gpgsig ${SIGNATURE.trimEnd().replaceAll('\n', '\n ')}\n`;

describe('a commit is taken apart', () => {
  const cases = [
    {
      name: 'without a signature',
      commit: 'tree 1\nauthor A\n\ngpgsig no\n',
      payload: 'tree 1\nauthor A\n\ngpgsig no\n',
    },
    {
      name: 'with one between other headers',
      commit: `tree 1\n${HEADER}encoding x\n\nmessage\n`,
      payload: 'tree 1\nencoding x\n\nmessage\n',
      signature: SIGNATURE,
    },
    {
      name: 'with the one for SHA-256 beside it',
      commit: `tree 1\ngpgsig-sha256 x\n y\n${HEADER}\nm`,
      payload: 'tree 1\n\nm',
      signature: SIGNATURE,
    },
    { name: 'that ends in a header', commit: 'tree 1\nx', payload: 'tree 1\nx' },
    { name: 'that is empty', commit: '', payload: '' },
  ];
  for (const { name, commit, payload, signature } of cases) {
    test(name, () => {
      const found = parseSignedCommit('sha', Buffer.from(commit));

      assert.deepEqual([found.payload.toString(), found.signature], [payload, signature]);
    });
  }

  test('one with two signatures is refused', () => {
    assert.throws(() => parseSignedCommit('sha', Buffer.from(`tree 1\n${HEADER}${HEADER}\nm`)), /more than one/);
  });
});

describe('a tag is taken apart', () => {
  const head = 'object 1\ntype commit\ntag v1\ntagger A\n\nmessage\n';
  test('its last signature is the one', () => {
    const { payload, ...rest } = parseSignedTag('id', Buffer.from(`${head}${SIGNATURE}more\n${SIGNATURE}`));

    assert.equal(payload.toString(), `${head}${SIGNATURE}more\n`);
    assert.deepEqual(rest, { object: '1', type: 'commit', name: 'v1', signature: SIGNATURE });
  });

  test('without its headers in their order it is none', () => {
    assert.throws(() => parseSignedTag('id', Buffer.from('type commit\nobject 1\ntag v1\n')), /malformed/);
  });
});

describe('keys that cannot be used are named by their entry', () => {
  const cases = [
    { name: 'nothing', data: {}, want: /holds no public key/ },
    { name: 'no key at all', data: { a: 'hello' }, want: /'a' holds no public key/ },
    { name: 'options that would be ignored', data: { a: 'cert-authority ssh-ed25519 AAAA' }, want: /'a' .* options/ },
    { name: 'a key that is cut short', data: { a: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5' }, want: /'a' .* cut short/ },
    { name: 'a key too large', data: { a: '#'.repeat(2 ** 21) }, want: /'a' is larger/ },
  ];
  for (const { name, data, want } of cases) {
    test(name, async () => {
      const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);

      await assert.rejects(readTrustedKeys(Object.fromEntries(encoded), 'Secret/n/keys'), want);
    });
  }
});
