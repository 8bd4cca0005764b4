import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Webhooks } from '@octokit/webhooks';
import { Secret } from '../../../src/errors/secret.ts';
import { github } from '../../../src/webhook/github.ts';
import { sign } from '../../support/make-push.ts';

const BODY = Buffer.from('Hello, World!');
const NOT_UTF8 = Buffer.from([0x7b, 0xff, 0xfe, 0x7d]);
/** The test vector of GitHub's documentation. */
const DOCUMENTED_SECRET = "It's a Secret to Everybody";
const DOCUMENTED = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';

const CASES: readonly { name: string; body?: Buffer; header?: string; secrets: string[]; want?: string }[] = [
  { name: 'takes GitHub’s documented example', header: DOCUMENTED, secrets: [DOCUMENTED_SECRET] },
  { name: 'takes the new secret while secrets are rotated', header: sign('new', BODY), secrets: ['new', 'old'] },
  { name: 'takes the old secret while secrets are rotated', header: sign('old', BODY), secrets: ['new', 'old'] },
  { name: 'verifies the bytes, not a decoded text', body: NOT_UTF8, header: sign('s', NOT_UTF8), secrets: ['s'] },
  { name: 'refuses another secret', header: sign('other', BODY), secrets: ['new', 'old'], want: 'INVALID' },
  { name: 'refuses a body that was changed', header: sign('s', Buffer.from('x')), secrets: ['s'], want: 'INVALID' },
  { name: 'refuses a missing header', secrets: ['s'], want: 'MISSING' },
  { name: 'refuses an empty header', header: '', secrets: ['s'], want: 'MISSING' },
  { name: 'refuses everything without a secret', header: sign('', BODY), secrets: [], want: 'INVALID' },
  { name: 'refuses what an empty secret signed', header: sign('', BODY), secrets: [''], want: 'INVALID' },
  { name: 'refuses a digest that is cut', header: sign('s', BODY).slice(0, -1), secrets: ['s'], want: 'INVALID' },
  { name: 'refuses a digest that goes on', header: `${sign('s', BODY)}0`, secrets: ['s'], want: 'INVALID' },
  { name: 'refuses another algorithm', header: sign('s', BODY).replace('256', '1'), secrets: ['s'], want: 'INVALID' },
  {
    name: 'refuses a header that came twice',
    header: `${DOCUMENTED}, ${DOCUMENTED}`,
    secrets: [DOCUMENTED_SECRET],
    want: 'INVALID',
  },
];

for (const { name, body = BODY, header, secrets, want } of CASES) {
  test(`a GitHub delivery’s signature: ${name}`, () => {
    const delivery = { raw: body, headers: { 'x-hub-signature-256': header }, receivedAt: 0 };

    const verify = () =>
      github.verify(
        delivery,
        secrets.map((secret) => new Secret(secret)),
      );

    if (want === undefined) assert.doesNotThrow(verify);
    else assert.throws(verify, { code: `WEBHOOK_SIGNATURE_${want}` });
  });
}

test('a signature made by @octokit/webhooks is taken', async () => {
  const octokit = new Webhooks({ secret: 'a shared secret' });
  const body = '{"ref":"refs/heads/über"}';

  const header = await octokit.sign(body);

  const delivery = { raw: Buffer.from(body), headers: { 'x-hub-signature-256': header }, receivedAt: 0 };
  github.verify(delivery, [new Secret('a shared secret')]);
});
