import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, test } from 'node:test';
import { isMadeOver, parseSshSignature } from '../../../src/verification/ssh-signature.ts';
import { encodeString } from '../../../src/verification/wire-reader.ts';

const PAYLOAD = Buffer.from('tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n');
const APPLICATION = 'ssh:';
const TOUCHED = Buffer.from([1, 0, 0, 0, 7]);
const UNTOUCHED = Buffer.from([0, 0, 0, 0, 7]);

describe('the signature of a security key', () => {
  const cases = [
    { name: 'by Ed25519', make: makeEd25519, device: TOUCHED, want: true },
    { name: 'by ECDSA', make: makeEcdsa, device: TOUCHED, want: true },
    { name: 'that nobody touched counts for nothing', make: makeEd25519, device: UNTOUCHED, want: false },
  ];
  for (const { name, make, device, want } of cases) {
    test(name, () => {
      assert.equal(isMadeOver(PAYLOAD, parseSshSignature(make({ device }))), want);
    });
  }

  test('speaks about its content only', () => {
    const signature = parseSshSignature(makeEd25519({ device: TOUCHED }));

    assert.equal(isMadeOver(Buffer.from('tree 0\n'), signature), false);
  });
});

describe('a signature is refused', () => {
  const cases = [
    {
      name: 'that was made for something else',
      armored: makeEd25519({ device: TOUCHED, namespace: 'file' }),
      want: /git/,
    },
    {
      name: 'with a digest that is not supported',
      armored: makeEd25519({ device: TOUCHED, hash: 'md5' }),
      want: /hash/,
    },
    {
      name: 'of another algorithm than its key',
      armored: makeEd25519({ device: TOUCHED, type: 'ssh-rsa' }),
      want: /fit/,
    },
    { name: 'of the name of a property', armored: makeEd25519({ device: TOUCHED, type: 'constructor' }), want: /fit/ },
    { name: 'with bytes behind it', armored: makeEd25519({ device: Buffer.concat([TOUCHED, TOUCHED]) }), want: /long/ },
    { name: 'that is cut short', armored: makeEd25519({ device: Buffer.alloc(2) }), want: /short/ },
    { name: 'that is empty', armored: '-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n', want: /short/ },
    {
      name: 'that claims a huge length',
      armored: armor(Buffer.from('SSHSIG\0\0\0\x01\xff\xff\xff\xff', 'latin1')),
      want: /short/,
    },
  ];
  for (const { name, armored, want } of cases) {
    test(name, () => {
      assert.throws(() => parseSshSignature(armored), want);
    });
  }
});

interface Made {
  readonly device: Buffer;
  readonly namespace?: string;
  readonly hash?: string;
  readonly type?: string;
}

function makeEd25519({ device, type = 'sk-ssh-ed25519@openssh.com', ...rest }: Made): string {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const x = Buffer.from(String(publicKey.export({ format: 'jwk' }).x), 'base64url');
  const key = Buffer.concat(['sk-ssh-ed25519@openssh.com', x, APPLICATION].map(encodeString));
  return make({ device, ...rest }, { key, type, signWith: (message) => encodeString(sign(null, message, privateKey)) });
}

function makeEcdsa({ device, ...rest }: Made): string {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const type = 'sk-ecdsa-sha2-nistp256@openssh.com';
  const key = Buffer.concat([type, 'nistp256', toPoint(publicKey), APPLICATION].map(encodeString));
  const signWith = (message: Buffer) => {
    const point = sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const numbers = [point.subarray(0, 32), point.subarray(32)].map((number) =>
      Buffer.concat([Buffer.alloc(1), number]),
    );
    return encodeString(Buffer.concat(numbers.map(encodeString)));
  };
  return make({ device, ...rest }, { key, type, signWith });
}

function toPoint(key: KeyObject): Buffer {
  const { x, y } = key.export({ format: 'jwk' });
  return Buffer.concat([Buffer.of(4), Buffer.from(String(x), 'base64url'), Buffer.from(String(y), 'base64url')]);
}

interface Signer {
  readonly key: Buffer;
  readonly type: string;
  readonly signWith: (message: Buffer) => Buffer;
}

function make({ device, namespace = 'git', hash = 'sha512' }: Made, { key, type, signWith }: Signer): string {
  const digest = createHash('sha512').update(PAYLOAD).digest();
  const message = Buffer.concat([Buffer.from('SSHSIG'), ...[namespace, '', hash, digest].map(encodeString)]);
  const hashOf = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest();
  const value = signWith(Buffer.concat([hashOf(APPLICATION), device, hashOf(message)]));
  const signature = Buffer.concat([encodeString(type), value, device]);
  const fields = [key, namespace, '', hash, signature].map(encodeString);
  return armor(Buffer.concat([Buffer.from('SSHSIG\0\0\0\x01', 'latin1'), ...fields]));
}

function armor(bytes: Buffer): string {
  return `-----BEGIN SSH SIGNATURE-----\n${bytes.toString('base64')}\n-----END SSH SIGNATURE-----\n`;
}
