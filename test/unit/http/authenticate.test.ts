import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import { Secret } from '../../../src/errors/secret.ts';
import { createAuthentication } from '../../../src/http/authenticate.ts';
import type { AccessQuestion, ReviewedUser } from '../../../src/kube/review-access.ts';

const STATIC = ['old-static-token-1', 'new-static-token-2'];
const RIGHT: AccessQuestion = { verb: 'patch', group: 'g', resource: 'things', namespace: 'a', name: 'app' };

const CASES: readonly { name: string; given: string | undefined; want: string }[] = [
  { name: 'no header', given: undefined, want: 'AUTH_MISSING' },
  { name: 'an empty header', given: '', want: 'AUTH_INVALID' },
  { name: 'another scheme', given: 'Basic YTpi', want: 'AUTH_INVALID' },
  { name: 'no token', given: 'Bearer ', want: 'AUTH_INVALID' },
  { name: 'two tokens', given: 'Bearer a b', want: 'AUTH_INVALID' },
  { name: 'a token that is too long', given: `Bearer ${'a'.repeat(9_000)}`, want: 'AUTH_INVALID' },
  { name: 'a token that nobody knows', given: 'Bearer made-up', want: 'AUTH_INVALID' },
  { name: 'the start of a configured token', given: `Bearer ${STATIC[0]?.slice(0, -1)}`, want: 'AUTH_INVALID' },
  { name: 'a configured token', given: `Bearer ${STATIC[0]}`, want: 'static token may' },
  { name: 'the other configured token, in other letters', given: `bearer  ${STATIC[1]}`, want: 'static token may' },
  { name: 'a user who may', given: 'Bearer of-ann', want: 'ann may' },
  { name: 'a user who may not', given: 'Bearer of-bob', want: 'ACCESS_FORBIDDEN' },
];

function start(tokens: readonly string[] = STATIC) {
  const asked: string[] = [];
  const clock = { ms: 0 };
  const gate = { until: Promise.resolve() };
  const authenticate = createAuthentication({
    tokens: tokens.map((token) => new Secret(token)),
    now: () => clock.ms,
    async reviewToken(token): Promise<ReviewedUser | undefined> {
      asked.push(token);
      await gate.until;
      if (token === 'of-broken') throw new HawserError('AUTH_UNAVAILABLE', 'away');
      return token === 'of-ann' || token === 'of-bob' ? { name: token.slice(3) } : undefined;
    },
    async reviewAccess({ name }, { verb }) {
      asked.push(`${name} ${verb}`);
      return name === 'ann';
    },
  });
  const tell = async (authorization: string | undefined) => {
    try {
      const caller = await authenticate(authorization);
      await caller.require(RIGHT);
      return `${caller.name} may`;
    } catch (error) {
      return error instanceof HawserError ? error.code : String(error);
    }
  };
  return { asked, clock, gate, tell };
}

describe('who sends a request', () => {
  for (const { name, given, want } of CASES) {
    test(`is decided for ${name}`, async () => assert.equal(await start().tell(given), want));
  }

  test('is never anybody: with no token configured an empty one is none', async () => {
    const { tell } = start([]);

    assert.deepEqual(
      [await tell('Bearer '), await tell(undefined), await tell('Bearer x')],
      ['AUTH_INVALID', 'AUTH_MISSING', 'AUTH_INVALID'],
    );
  });

  test('is asked once in five seconds, and again after a failure', async () => {
    const { asked, clock, tell } = start();

    await Promise.all([tell('Bearer of-ann'), tell('Bearer of-ann')]);
    clock.ms = 4_999;
    await tell('Bearer of-ann');
    clock.ms = 5_001;
    await tell('Bearer of-ann');
    await tell('Bearer of-broken');
    await tell('Bearer of-broken');

    assert.deepEqual(asked, ['of-ann', 'ann patch', 'of-ann', 'ann patch', 'of-broken', 'of-broken']);
  });

  test('is not asked for more than eight tokens at a time; configured ones are not held up', async () => {
    const { asked, gate, tell } = start();
    const { promise, resolve } = Promise.withResolvers<void>();
    gate.until = promise;

    const guesses = Array.from({ length: 20 }, (_, n) => tell(`Bearer guess-${n}`));
    const own = await tell(`Bearer ${STATIC[0]}`);
    resolve();

    const answers = await Promise.all(guesses);
    assert.equal(own, 'static token may');
    assert.equal(asked.length, 8);
    assert.equal(answers.filter((answer) => answer === 'HTTP_OVERLOADED').length, 12);
  });
});
