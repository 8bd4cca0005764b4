import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStsCredentials, parseStsError } from '../../../src/credentials/parse-sts-answer.ts';

const PARTS = {
  AccessKeyId: 'ASIAEXAMPLE',
  SecretAccessKey: 'wJalr/bPx+EXAMPLE=',
  SessionToken: 'AQoDYXdz//EXAMPLE==',
  Expiration: '2026-01-01T01:00:00Z',
};
const toXml = (parts: Record<string, string>) =>
  `<R><Credentials>${Object.entries(parts)
    .map(([name, text]) => `<${name}>${text}</${name}>`)
    .join('\n')}</Credentials></R>`;

test('credentials of a session are read with their end', () => {
  const { credentials, expiresAt } = parseStsCredentials(toXml(PARTS)) ?? assert.fail('nothing was read');

  assert.deepEqual(
    [credentials.accessKeyId, credentials.secretAccessKey.reveal(), credentials.sessionToken?.reveal(), expiresAt],
    [PARTS.AccessKeyId, PARTS.SecretAccessKey, PARTS.SessionToken, Date.parse(PARTS.Expiration)],
  );
});

const NONE: readonly { name: string; given: string }[] = [
  ...Object.keys(PARTS).map((name) => ({ name: `no ${name}`, given: toXml({ ...PARTS, [name]: '' }) })),
  { name: 'a key that would break a header', given: toXml({ ...PARTS, AccessKeyId: 'a\r\nX-Evil: b' }) },
  { name: 'a user name that would be a password too', given: toXml({ ...PARTS, SessionToken: 'a:b' }) },
  { name: 'an end that is no time', given: toXml({ ...PARTS, Expiration: '2026' }).replace('2026', 'TTTT') },
  { name: 'half of it', given: toXml(PARTS).slice(0, 60) },
  { name: 'a page', given: '<html></html>' },
  { name: 'nothing', given: '' },
];

for (const { name, given } of NONE) {
  test(`an answer with ${name} holds no credentials`, () => {
    assert.equal(parseStsCredentials(given), undefined);
  });
}

test('a refusal is told by its code and its words, in one line, without the request’s id', () => {
  const text = `<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not &quot;authorized&quot;\nto &lt;perform&gt; it</Message></Error><RequestId>1</RequestId></ErrorResponse>`;

  assert.deepEqual(parseStsError(text), {
    code: 'AccessDenied',
    description: 'AccessDenied: Not "authorized" to <perform> it',
  });
  assert.deepEqual(parseStsError('<html>'), { code: '', description: '' });
});
