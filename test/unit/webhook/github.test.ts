import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { github } from '../../../src/webhook/github.ts';
import type { DeliveryHeaders, ParsedDelivery } from '../../../src/webhook/webhook-provider.ts';
import { makeDelivery } from '../../support/make-push.ts';
import { summarizeDelivery } from '../../support/summarize-delivery.ts';

const FIXTURES = new URL('../../fixtures/webhook/', import.meta.url);
const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const ZEROS = '0'.repeat(40);

type Payload = Record<string, unknown> & { repository: Record<string, unknown> };

function readFixture(name: string): Payload {
  return JSON.parse(readFileSync(new URL(name, FIXTURES), 'utf8'));
}

const PUSH = readFixture('github-push.json');

function withRepository(fields: Record<string, unknown>): Payload {
  return { ...PUSH, repository: { ...PUSH.repository, ...fields } };
}

function parse(payload: unknown, options: { form?: boolean; event?: string } = {}): ParsedDelivery {
  const { headers, body } = makeDelivery(payload, { secret: null, deliveryId: 'd1', ...options });
  return parseGitHubDelivery(body, headers);
}

function parseGitHubDelivery(raw: Buffer, headers: DeliveryHeaders): ParsedDelivery {
  return github.parse({ raw, headers, receivedAt: 0 });
}

const CASES: readonly { name: string; given: () => ParsedDelivery; want: string }[] = [
  { name: 'a push', given: () => parse(PUSH), want: 'refs/heads/main a→b' },
  { name: 'a push in the form encoding', given: () => parse(PUSH, { form: true }), want: 'refs/heads/main a→b' },
  { name: 'a created branch', given: () => parse({ ...PUSH, before: ZEROS }), want: 'refs/heads/main 0→b' },
  {
    name: 'a deleted branch, which is a push to nothing',
    given: () => parse(readFixture('github-push-branch-deleted.json')),
    want: 'refs/heads/feature a→0',
  },
  {
    name: 'a tag',
    given: () => parse(readFixture('github-push-tag.json')),
    want: 'refs/tags/v1.0.0 0→b',
  },
  {
    name: 'an annotated tag, of which the commit counts',
    given: () => parse({ ...PUSH, ref: 'refs/tags/v2', before: ZEROS, head_commit: { id: 'c'.repeat(40) } }),
    want: 'refs/tags/v2 0→c',
  },
  {
    name: 'a repository that uses SHA-256',
    given: () => parse({ ...PUSH, before: '0'.repeat(64), after: 'd'.repeat(64) }),
    want: 'ignored: the repository uses SHA-256, which is not supported',
  },
  {
    name: 'a ping',
    given: () => parse(readFixture('github-ping.json'), { event: 'ping' }),
    want: 'ignored: ping received: the webhook and its secret are set up correctly',
  },
  {
    name: 'another event',
    given: () => parse({}, { event: 'issues' }),
    want: 'ignored: the event issues is not used, only push is',
  },
  {
    name: 'a ref with odd characters',
    given: () => parse({ ...PUSH, ref: 'refs/heads/ü-<b>"$(id)`' }),
    want: 'refs/heads/ü-<b>"$(id)` a→b',
  },
  { name: 'a ref that is not full', given: () => parse({ ...PUSH, ref: 'main' }), want: 'WEBHOOK_BODY_INVALID ref' },
  {
    name: 'a ref with a line break',
    given: () => parse({ ...PUSH, ref: 'refs/heads/a\nb' }),
    want: 'WEBHOOK_BODY_INVALID ref',
  },
  {
    name: 'a ref with dots that climb',
    given: () => parse({ ...PUSH, ref: 'refs/heads/../x' }),
    want: 'WEBHOOK_BODY_INVALID ref',
  },
  {
    name: 'a ref without end',
    given: () => parse({ ...PUSH, ref: `refs/heads/${'x'.repeat(5_000)}` }),
    want: 'WEBHOOK_BODY_INVALID ref',
  },
  { name: 'a short commit id', given: () => parse({ ...PUSH, after: 'abc' }), want: 'WEBHOOK_BODY_INVALID after' },
  {
    name: 'a commit id in capitals',
    given: () => parse({ ...PUSH, before: 'A'.repeat(40) }),
    want: 'WEBHOOK_BODY_INVALID before',
  },
  {
    name: 'no repository',
    given: () => parse({ ...PUSH, repository: undefined }),
    want: 'WEBHOOK_BODY_INVALID repository',
  },
  {
    name: 'a clone URL that is none',
    given: () => parse(withRepository({ clone_url: 'nowhere' })),
    want: 'WEBHOOK_BODY_INVALID repository.clone_url',
  },
  {
    name: 'a name that is a path',
    given: () => parse(withRepository({ full_name: '../../x' })),
    want: 'WEBHOOK_BODY_INVALID repository.full_name',
  },
  { name: 'text that is not JSON', given: () => parse('{"ref":'), want: 'WEBHOOK_BODY_INVALID body' },
  { name: 'an empty body', given: () => parse(''), want: 'WEBHOOK_BODY_INVALID body' },
  { name: 'JSON that is no object', given: () => parse('[]'), want: 'WEBHOOK_BODY_INVALID body' },
  {
    name: 'a form without payload',
    given: () =>
      parseGitHubDelivery(Buffer.from('a=b'), {
        'x-github-event': 'push',
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      }),
    want: 'WEBHOOK_BODY_INVALID payload',
  },
  {
    name: 'no event header',
    given: () => parseGitHubDelivery(Buffer.from('{}'), {}),
    want: 'WEBHOOK_BODY_INVALID X-GitHub-Event',
  },
  {
    name: 'an event header that is no name',
    given: () => parseGitHubDelivery(Buffer.from('{}'), { 'x-github-event': '<script>' }),
    want: 'WEBHOOK_BODY_INVALID X-GitHub-Event',
  },
];

for (const { name, given, want } of CASES) {
  test(`parsing a delivery: ${name}`, () => {
    assert.equal(summarizeDelivery(given), want);
  });
}

test('a push keeps the repository’s URLs, without credentials and queries', () => {
  const parsed = parse(
    withRepository({
      clone_url: 'https://octo:hunter2hunter2@example.com/acme/app.git?access_token=hunter2hunter2',
      ssh_url: 'ssh://git:hunter2hunter2@example.com/acme/app.git',
      html_url: 'https://example.com/acme/app#hunter2hunter2',
      git_url: null,
    }),
  );

  assert.deepEqual(parsed, {
    kind: 'pushes',
    deliveryId: 'd1',
    hookId: '292430182',
    pushes: [
      {
        provider: 'github',
        repository: 'acme/app',
        repositoryUrls: [
          'https://example.com/acme/app.git',
          'https://example.com/acme/app',
          'ssh://git@example.com/acme/app.git',
        ],
        ref: 'refs/heads/main',
        before: A,
        after: B,
      },
    ],
  });
});

test('deliveries without an id are told apart by their content', () => {
  const idOf = (body: string) => parseGitHubDelivery(Buffer.from(body), { 'x-github-event': 'ping' }).deliveryId;

  assert.equal(idOf('{"a":1}'), idOf('{"a":1}'));
  assert.notEqual(idOf('{"a":1}'), idOf('{"a":2}'));
});

const USED_FIELDS = ['ref', 'before', 'after', 'head_commit', 'repository'];
const USED_REPOSITORY_FIELDS = ['full_name', 'clone_url', 'html_url', 'ssh_url', 'git_url'];

test('whatever type a field has, parsing gives a push, a reason or an error that names the field', () => {
  const anything = fc.anything({ withBigInt: false, withNullPrototype: true });
  const field = fc.constantFrom(...USED_FIELDS, ...USED_REPOSITORY_FIELDS.map((name) => `repository.${name}`));
  fc.assert(
    fc.property(field, anything, fc.boolean(), (path, value, form) => {
      const [outer = '', inner] = path.split('.');
      const payload = inner === undefined ? { ...PUSH, [outer]: value } : withRepository({ [inner]: value });

      const summary = summarizeDelivery(() => parse(payload, { form }));

      assert.match(summary, new RegExp(`^(refs/heads/|ignored: |WEBHOOK_BODY_INVALID ${outer})`));
    }),
    { numRuns: 500 },
  );
});

test('whatever bytes come, parsing never throws anything but a HawserError', () => {
  const header = fc.option(fc.string(), { nil: undefined });
  const event = fc.oneof(fc.constantFrom('push', 'ping'), header);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), event, header, (bytes, name, contentType) => {
      summarizeDelivery(() =>
        parseGitHubDelivery(Buffer.from(bytes), { 'x-github-event': name, 'content-type': contentType }),
      );
    }),
    { numRuns: 500 },
  );
});
