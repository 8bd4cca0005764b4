import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Secret } from '../../../src/errors/secret.ts';
import type { Push } from '../../../src/model/push.ts';
import { matchPush } from '../../../src/webhook/match-push.ts';
import type { ParsedDelivery, RawDelivery } from '../../../src/webhook/webhook-provider.ts';
import { summarizeDelivery } from '../../support/summarize-delivery.ts';
import { type PushFacts, SENDERS, type SentDelivery, type WebhookSender } from '../../support/webhook-senders.ts';

const NOW = Date.UTC(2026, 0, 1);
const ZEROS = '0'.repeat(40);
const PUSH: PushFacts = {
  repository: 'acme/app',
  ref: 'refs/heads/main',
  before: 'a'.repeat(40),
  after: 'b'.repeat(40),
};

const NUM_RUNS = 200;

const sha = fc
  .array(fc.integer({ min: 0, max: 15 }), { minLength: 40, maxLength: 40 })
  .map((digits) => digits.map((digit) => digit.toString(16)).join(''))
  .filter((id) => id !== ZEROS);
const refPart = fc.stringMatching(/^[A-Za-z0-9ü_-][A-Za-z0-9ü_+#'"&=%-]{0,20}$/);
const refName = fc.array(refPart, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9-]{0,20}$/);

/** Whatever can happen to a ref: created, moved, moved by force, deleted. */
const pushFacts: fc.Arbitrary<PushFacts> = fc
  .record({
    owner: name,
    name,
    kind: fc.constantFrom('refs/heads/', 'refs/tags/'),
    ref: refName,
    before: sha,
    after: sha,
    change: fc.constantFrom('created', 'moved', 'forced', 'deleted'),
  })
  .map(({ owner, name: repository, kind, ref, before, after, change }) => ({
    repository: `${owner}/${repository}`,
    ref: `${kind}${ref}`,
    before: change === 'created' ? ZEROS : before,
    after: change === 'deleted' ? ZEROS : after,
    forced: change === 'forced',
  }));

function toRaw({ headers, body }: SentDelivery): RawDelivery {
  return { raw: body, headers, receivedAt: NOW };
}

function send(sender: WebhookSender, payload: unknown, secret: string | null = sender.secret): RawDelivery {
  return toRaw(sender.send(payload, secret, { deliveryId: 'd1', sentAt: NOW }));
}

function receive(sender: WebhookSender, delivery: RawDelivery, secrets = [sender.secret]): ParsedDelivery {
  sender.provider.verify(
    delivery,
    secrets.map((secret) => new Secret(secret)),
  );
  return sender.provider.parse(delivery);
}

function receivePush(sender: WebhookSender, push: PushFacts): Push {
  const parsed = receive(sender, send(sender, sender.payload(push)));
  assert.equal(parsed.kind, 'pushes');
  const [first, ...others] = parsed.kind === 'pushes' ? parsed.pushes : [];
  assert.ok(first && others.length === 0);
  return first;
}

test('the same push, told by any provider, is the same push and finds the source by its own URL', () => {
  fc.assert(
    fc.property(pushFacts, (facts) => {
      for (const sender of SENDERS) {
        const { provider, repository, repositoryUrls, ...moved } = receivePush(sender, facts);

        const key = { kind: 'GitRepository', namespace: 'default', name: 'app' } as const;
        const source = { key, url: sender.cloneUrl(facts.repository), followsRef: () => true, suspended: false };
        const match = matchPush({ provider, repository, repositoryUrls, ...moved }, [source]);

        assert.deepEqual(moved, { ref: facts.ref, before: facts.before, after: facts.after }, sender.name);
        assert.equal(repository.toLowerCase(), facts.repository.toLowerCase(), sender.name);
        assert.equal(match.reason, undefined, sender.name);
      }
    }),
    { numRuns: NUM_RUNS },
  );
});

for (const sender of SENDERS) {
  const other = `${sender.secret.slice(0, -6)}AAAAAA`;

  describe(`a delivery of ${sender.name}`, () => {
    test('is taken with the new secret and with the old one, while secrets rotate', () => {
      const delivery = send(sender, sender.payload(PUSH));

      assert.equal(receive(sender, delivery, [other, sender.secret]).kind, 'pushes');
      assert.equal(receive(sender, delivery, [sender.secret, other]).kind, 'pushes');
    });

    test('keeps its id when it is delivered again', () => {
      const [first, again] = [1, 2].map(() => receive(sender, send(sender, sender.payload(PUSH))).deliveryId);

      if (sender.name !== 'Azure DevOps') assert.equal(first, again);
      assert.ok(first);
    });

    for (const { name: what, given, code } of [
      { name: 'with another secret', given: send(sender, sender.payload(PUSH), other), code: 'INVALID' },
      { name: 'without proof', given: send(sender, sender.payload(PUSH), null), code: 'MISSING' },
    ]) {
      test(`${what} is refused, whatever secrets there are`, () => {
        for (const secrets of [[sender.secret], [], ['']]) {
          assert.throws(() => receive(sender, given, secrets), { code: `WEBHOOK_SIGNATURE_${code}` });
        }
      });
    }

    test('is refused if one byte of the body was changed, where the body is signed', () => {
      const signed = sender.secretName !== 'gitlab' && sender.secretName !== 'azureDevOps';
      const delivery = send(sender, sender.payload(PUSH));
      fc.assert(
        fc.property(fc.nat(delivery.raw.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
          const raw = Buffer.from(delivery.raw);
          raw[at] = (raw[at] ?? 0) ^ flip;
          // A form may spell the same payload in two ways; what is signed is what is read.
          if (
            sender.name === 'Gitea, form' &&
            new URLSearchParams(raw.toString('latin1')).get('payload') ===
              new URLSearchParams(delivery.raw.toString('latin1')).get('payload')
          )
            return;

          const word = summarizeDelivery(() => receive(sender, { ...delivery, raw }));

          if (signed) assert.equal(word, 'WEBHOOK_SIGNATURE_INVALID');
        }),
        { numRuns: NUM_RUNS },
      );
    });
  });
}
