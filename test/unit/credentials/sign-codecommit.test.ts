import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signCodeCommit } from '../../../src/credentials/sign-codecommit.ts';
import { Secret } from '../../../src/errors/secret.ts';

const FOO = { accessKeyId: 'foo', secretAccessKey: new Secret('bar') };
const START = Date.parse('2010-10-08T00:00:00Z');
// The helper of Amazon's command line doubles a slash that git would not send; its test has it so.
const REQUEST = {
  url: 'https://git-codecommit.us-east-1.amazonaws.com//v1/repos/myrepo',
  region: 'us-east-1',
  now: START,
};
const KNOWN = '20101008T000000Z7dc259e2d505af354a1219b9bcd784bd384dc706efa0d9aefc571f214be4c89c';

test('a repository is signed as Amazon’s own helper signs it', () => {
  assert.equal(signCodeCommit(FOO, REQUEST).reveal(), `foo:${KNOWN}`);
});

test('the token of a session goes with the user name, and the secret key does not go along', () => {
  const signed = signCodeCommit({ ...FOO, sessionToken: new Secret('session/token==') }, REQUEST);

  assert.equal(signed.reveal(), `foo%session/token==:${KNOWN}`);
});

test('for two minutes a login stays the same, so that those who have it share their polls', () => {
  const after = (ms: number) => signCodeCommit(FOO, { ...REQUEST, now: START + ms }).reveal();

  assert.equal(after(119_999), after(0));
  assert.notEqual(after(120_000), after(0));
});

test('another repository, region or key has another signature', () => {
  const all = [
    signCodeCommit(FOO, REQUEST),
    signCodeCommit(FOO, { ...REQUEST, url: `${REQUEST.url}2` }),
    signCodeCommit(FOO, { ...REQUEST, region: 'eu-west-1' }),
    signCodeCommit({ ...FOO, secretAccessKey: new Secret('baz') }, REQUEST),
  ].map((signed) => signed.reveal());

  assert.equal(new Set(all).size, all.length);
});
