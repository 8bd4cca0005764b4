import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import { Secret } from '../../../src/errors/secret.ts';
import { isRefName } from '../../../src/webhook/is-ref-name.ts';
import { MOST_REFS } from '../../../src/webhook/payload-fields.ts';
import type { DeliveryHeaders } from '../../../src/webhook/webhook-provider.ts';
import { type PushFacts, SENDERS, senderOf, type WebhookSender } from '../../support/webhook-senders.ts';

const NOW = Date.UTC(2026, 0, 1);
const NUM_RUNS = 200;
/** HAWSER_TEST_SEED repeats a run. */
const SEED = Number(process.env.HAWSER_TEST_SEED ?? Date.now() % 2 ** 31);
const LONGEST_MESSAGE = 400;
const PUSH: PushFacts = {
  repository: 'acme/app',
  ref: 'refs/heads/main',
  before: 'a'.repeat(40),
  after: 'b'.repeat(40),
};

type Path = readonly string[];

/** Every field of a payload, however deep. */
function listPaths(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, below]) => listPaths(below, [...path, key]))];
}

const GONE = Symbol('gone');

/** The value with one field put in place of another, or taken away. */
function replaceAt(value: unknown, [key, ...rest]: Path, replacement: unknown): unknown {
  if (key === undefined) return replacement;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...(value as object) };
  const fields = copy as Record<string, unknown>;
  fields[key] = replaceAt(fields[key], rest, replacement);
  if (fields[key] === GONE) delete fields[key];
  return copy;
}

const deep = fc.integer({ min: 1, max: 20_000 }).map((depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`);
const confusing = fc.constantFrom<unknown>(
  GONE,
  null,
  [],
  {},
  '',
  0,
  -1,
  1e308,
  true,
  [null],
  [[]],
  [{}],
  { length: 1e9 },
  { toString: 1 },
  { __proto__: null, constructor: { prototype: { polluted: true } } },
  '\u0000',
  '\ud800',
  '\u202emain',
  'refs/heads/\u202e',
  'refs/heads/main\r\nX-Header: 1',
  '../../etc/passwd',
  'http://169.254.169.254/latest',
  'file:///etc/passwd',
  'https://[::1',
  '%',
  '%00',
  'x'.repeat(100_000),
  Array.from({ length: 10_000 }, () => null),
  Array.from({ length: 10_000 }, (_, index) => index),
);
const replacement = fc.oneof(confusing, fc.anything({ withNullPrototype: true }), fc.string({ unit: 'binary' }));

/** What became of a signed delivery; anything but the four is a bug. */
function receive(sender: WebhookSender, { body, headers }: { body: Buffer; headers: DeliveryHeaders }): string {
  const delivery = { raw: body, headers, receivedAt: NOW };
  try {
    sender.provider.verify(delivery, [new Secret(sender.secret)]);
    const parsed = sender.provider.parse(delivery);
    if (parsed.kind === 'ignored') {
      assert.doesNotMatch(parsed.reason, /\p{Cc}/u);
      assert.ok(parsed.reason.length < 1_000);
      return 'ignored';
    }
    assert.ok(parsed.pushes.length > 0 && parsed.pushes.length <= MOST_REFS);
    for (const push of parsed.pushes) {
      assert.ok(isRefName(push.ref));
      assert.match(`${push.before}${push.after}`, /^[0-9a-f]{80}$/);
      assert.ok(push.repositoryUrls.length > 0 && push.repository.length <= 2_048);
    }
    return 'pushes';
  } catch (error) {
    if (!(error instanceof HawserError)) throw error;
    assert.match(error.code, /^WEBHOOK_/);
    assert.ok(error.message.length < LONGEST_MESSAGE, error.message);
    assert.doesNotMatch(error.message, /\p{Cc}/u);
    return error.code;
  }
}

function send(sender: WebhookSender, payload: unknown, event?: string) {
  return sender.send(payload, sender.secret, { deliveryId: 'd1', sentAt: NOW, ...(event ? { event } : {}) });
}

function count(t: TestContext, words: readonly string[]): void {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const shown = [...counts].map(([word, times]) => `${word} ${times}`).join(', ');
  t.diagnostic(`seed ${SEED}, ${words.length} deliveries: ${shown}`);
}

/** Hooks that differ in nothing that is read need not be tried twice. */
const ALIKE = ['GitHub, organization hook', 'GitHub, integration hook', 'GitLab, system hook', 'Forgejo'];

for (const sender of SENDERS.filter(({ name }) => !ALIKE.includes(name))) {
  describe(`authentic nonsense from ${sender.name}`, () => {
    const payload = sender.payload(PUSH);
    const paths = listPaths(payload);

    test('with fields that are missing, huge or of another type is read, ignored or refused', (t) => {
      const words: string[] = [];
      const change = fc.tuple(fc.constantFrom(...paths), replacement);
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
          let changed: unknown = payload;
          for (const [path, value] of changes) changed = replaceAt(changed, path, value);
          words.push(receive(sender, send(sender, toJson(changed))));
        }),
        { numRuns: NUM_RUNS, seed: SEED },
      );
      count(t, words);
      assert.ok(words.includes('WEBHOOK_BODY_INVALID'), 'nothing was wrong with any of them');
    });

    test('that is any JSON, deep JSON or no JSON is read, ignored or refused', (t) => {
      const words: string[] = [];
      const text = fc.oneof(fc.json(), deep, fc.string({ unit: 'binary' }), fc.constant(''));
      fc.assert(
        fc.property(text, fc.option(fc.string(), { nil: undefined }), (body, event) => {
          words.push(receive(sender, send(sender, body, event)));
        }),
        { numRuns: NUM_RUNS, seed: SEED },
      );
      count(t, words);
    });

    test('with headers of any form is read, ignored or refused', (t) => {
      const words: string[] = [];
      const good = send(sender, payload);
      fc.assert(
        fc.property(fc.constantFrom(...Object.keys(good.headers)), fc.option(fc.string()), (name, value) => {
          words.push(receive(sender, { ...good, headers: { ...good.headers, [name]: value ?? undefined } }));
        }),
        { numRuns: NUM_RUNS, seed: SEED },
      );
      count(t, words);
    });

    test('with every key twice is read by its last word', () => {
      const json = JSON.stringify(payload);
      const twice = `${json.slice(0, -1)},${json.slice(1)}`;

      assert.equal(receive(sender, send(sender, twice)), 'pushes');
    });
  });
}

/** JSON, of values that have none too. */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? String(item) : item)) ?? 'null';
  } catch {
    return 'null';
  }
}

const CLOUD = senderOf('Bitbucket Cloud');
const DATA_CENTER = senderOf('Bitbucket Data Center');
const AZURE = senderOf('Azure DevOps');
const GITEA = senderOf('Gitea');

/** The shapes that brought Argo CD's webhook server down, and what becomes of them here. */
const SHAPES = [
  { cve: 'CVE-2025-59531', sender: DATA_CENTER, path: ['repository', 'links', 'clone'], value: 'x', want: /INVALID/ },
  { cve: 'CVE-2025-59531', sender: DATA_CENTER, path: ['repository', 'links', 'clone'], value: {}, want: /INVALID/ },
  { cve: 'CVE-2025-59531', sender: DATA_CENTER, path: ['repository', 'links', 'clone'], value: [1], want: /INVALID/ },
  { cve: 'CVE-2025-59531', sender: DATA_CENTER, path: ['repository', 'links'], value: GONE, want: /ignored/ },
  { cve: 'CVE-2025-59537', sender: GITEA, path: ['commits'], value: [{ repo: null }], want: /pushes/ },
  { cve: 'CVE-2025-59537', sender: GITEA, path: ['repository'], value: null, want: /INVALID/ },
  { cve: 'CVE-2025-59538', sender: AZURE, path: ['resource', 'refUpdates'], value: [], want: /ignored/ },
  { cve: 'CVE-2025-59538', sender: AZURE, path: ['resource', 'refUpdates'], value: GONE, want: /ignored/ },
  { cve: 'CVE-2025-59538', sender: AZURE, path: ['resource', 'refUpdates'], value: [null], want: /INVALID/ },
  { cve: 'CVE-2025-59538', sender: AZURE, path: ['resource'], value: GONE, want: /ignored/ },
  { cve: 'GHSA-f9gq-prrc-hrhc', sender: CLOUD, path: ['push', 'changes'], value: [], want: /ignored/ },
  { cve: 'GHSA-f9gq-prrc-hrhc', sender: CLOUD, path: ['push', 'changes'], value: [null], want: /INVALID/ },
  { cve: 'GHSA-f9gq-prrc-hrhc', sender: CLOUD, path: ['push', 'changes', '0', 'new'], value: null, want: /pushes/ },
  { cve: 'argo-cd#23024', sender: CLOUD, path: ['repository', 'links', 'html'], value: GONE, want: /INVALID/ },
] as const;

for (const { cve, sender, path, value, want } of SHAPES) {
  test(`the shape of ${cve}, ${path.join('.')} = ${toJson(value)}, crashes nothing`, () => {
    const changed = replaceAt(sender.payload(PUSH), path, value);

    assert.match(receive(sender, send(sender, toJson(changed))), want);
  });
}

test('a huge body that proves nothing is refused without being parsed (CVE-2024-40634)', () => {
  const bomb = Buffer.alloc(8 * 1_024 * 1_024, '[');
  const form = Buffer.from(`payload=x${'&a='.repeat(2_000_000)}`);

  for (const sender of SENDERS) {
    const { headers } = sender.send('', 'guessed', { sentAt: NOW });
    const parts = sender.name === 'Gitea, form' ? [bomb, form] : [bomb];
    for (const body of parts) assert.equal(receive(sender, { headers, body }), 'WEBHOOK_SIGNATURE_INVALID');
  }
});
