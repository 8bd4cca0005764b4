import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAzureError, parseAzureToken } from '../../../src/credentials/parse-azure-answer.ts';

const GOOD = { token_type: 'Bearer', access_token: 'eyJ0.eyJh.c2ln', expires_in: 3599 };
const TOKEN = { token: 'eyJ0.eyJh.c2ln', lifetimeS: 3599 };

const TOKENS: readonly { name: string; given: unknown; want: typeof TOKEN | undefined }[] = [
  { name: 'a token', given: GOOD, want: TOKEN },
  { name: 'a lifetime as text', given: { ...GOOD, expires_in: '3599' }, want: TOKEN },
  { name: 'a type in small letters', given: { ...GOOD, token_type: 'bearer' }, want: TOKEN },
  { name: 'another type', given: { ...GOOD, token_type: 'pop' }, want: undefined },
  { name: 'no lifetime', given: { ...GOOD, expires_in: undefined }, want: undefined },
  { name: 'a lifetime that is over', given: { ...GOOD, expires_in: 0 }, want: undefined },
  { name: 'an endless lifetime', given: { ...GOOD, expires_in: 1e12 }, want: undefined },
  { name: 'a token that would break a header', given: { ...GOOD, access_token: 'a\r\nX-Evil: b' }, want: undefined },
  { name: 'an empty token', given: { ...GOOD, access_token: '' }, want: undefined },
  { name: 'a list', given: [GOOD], want: undefined },
  { name: 'null', given: null, want: undefined },
];

for (const { name, given, want } of TOKENS) {
  test(`a token is ${want ? 'read from' : 'not found in'} an answer with ${name}`, () => {
    assert.deepEqual(parseAzureToken(JSON.stringify(given)), want);
  });
}

const IDS = 'Trace ID: 255d1aef-8c98 Correlation ID: fb3d2015-bc17 Timestamp: 2016-01-09 02:02:12Z';

const ERRORS: readonly { name: string; given: string; want: ReturnType<typeof parseAzureError> }[] = [
  {
    name: 'without what differs each time',
    given: JSON.stringify({ error: 'invalid_client', error_description: `AADSTS700213: No matching record. ${IDS}` }),
    want: { isTransient: false, description: 'AADSTS700213: No matching record.' },
  },
  {
    name: 'in one line',
    given: JSON.stringify({
      error: 'x',
      error_description: `AADSTS7: One.\r\nTwo.\r\n${IDS.replaceAll(' C', '\r\nC')}`,
    }),
    want: { isTransient: false, description: 'AADSTS7: One. Two.' },
  },
  {
    name: 'by its code, where it has no words',
    given: JSON.stringify({ error: 'invalid_client' }),
    want: { isTransient: false, description: 'invalid_client' },
  },
  {
    name: 'as passing, where it says so',
    given: JSON.stringify({ error: 'temporarily_unavailable', error_description: 'AADSTS90033: Try again later.' }),
    want: { isTransient: true, description: 'AADSTS90033: Try again later.' },
  },
  {
    name: 'no longer than a condition can bear',
    given: JSON.stringify({ error: 'x', error_description: 'a'.repeat(5_000) }),
    want: { isTransient: false, description: 'a'.repeat(400) },
  },
  { name: 'as nothing, where it is a page', given: '<html>', want: { isTransient: false, description: '' } },
  {
    name: 'as nothing, where its parts are of other types',
    given: '{"error":1}',
    want: { isTransient: false, description: '' },
  },
];

for (const { name, given, want } of ERRORS) {
  test(`an error of Entra ID is told ${name}`, () => {
    assert.deepEqual(parseAzureError(given), want);
  });
}
