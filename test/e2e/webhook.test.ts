import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { makeDelivery, makePush, sendPush } from '../support/make-push.ts';
import { useStory, WEBHOOK_SECRET } from '../support/use-story.ts';

const MiB = 1_024 * 1_024;
const SHA = 'a'.repeat(40);
const PUSH = {
  secret: WEBHOOK_SECRET,
  repository: 'acme/other',
  url: 'https://git.example.com/acme/other.git',
  after: SHA,
};

type Delivery = ReturnType<typeof makePush>;
type Payload = Record<string, unknown> & { repository: Record<string, unknown> };

interface Case {
  readonly name: string;
  readonly given: Delivery;
  /** Status, code and words of the answer. */
  readonly want: RegExp;
}

/** The delivery of a push with one field of its payload changed; `repository.…` reaches into the repository. */
function pushWith(path: string, value: unknown): Delivery {
  const payload = JSON.parse(makePush(PUSH).body.toString()) as Payload;
  const [field = '', below] = path.split('.');
  if (below === undefined) (payload as Record<string, unknown>)[field] = value;
  else payload.repository[below] = value;
  return makeDelivery(payload, { secret: WEBHOOK_SECRET });
}

const TEXT_FIELDS = ['ref', 'before', 'after', 'repository.full_name', 'repository.clone_url'];
const OPTIONAL_FIELDS = ['repository.html_url', 'repository.ssh_url', 'repository.git_url'];
const NO_TEXTS = [1, true, [], {}, ['refs/heads/main']];
const ODD_REFS = [
  'main',
  'refs/heads/',
  'refs/heads/a b',
  'refs/heads/a\nb',
  'refs/heads/a\u0000b',
  'refs/heads/../../etc/passwd',
  'refs/heads/a\\b',
  'refs/heads/a*',
  'refs/heads/@{-1}',
  'refs/heads/a.lock',
  'refs/heads/.a',
  `refs/heads/${'a'.repeat(2_000)}`,
];

const REFUSED: readonly Case[] = [
  {
    name: 'a signature made with another secret',
    given: makePush({ ...PUSH, secret: 'guessed' }),
    want: /^401 WEBHOOK_SIGNATURE_INVALID .*use the same secret/,
  },
  { name: 'no signature', given: makePush({ ...PUSH, secret: null }), want: /^401 WEBHOOK_SIGNATURE_MISSING / },
  {
    name: 'a signature of another body',
    given: { ...makePush(PUSH), body: makePush({ ...PUSH, after: 'b'.repeat(40) }).body },
    want: /^401 WEBHOOK_SIGNATURE_INVALID /,
  },
  {
    name: 'one byte more than 25 MiB',
    given: makeDelivery('x'.repeat(25 * MiB + 1), { secret: WEBHOOK_SECRET }),
    want: /^413 HTTP_BODY_TOO_LARGE .*26214400 bytes/,
  },
  ...['', '{', 'payload=x', '\u0000', '{"ref":'].map((text) => ({
    name: `${JSON.stringify(text)}, which is not JSON,`,
    given: makeDelivery(text, { secret: WEBHOOK_SECRET }),
    want: /^400 WEBHOOK_BODY_INVALID .*body: is not JSON/,
  })),
  ...['null', '1', '"push"', '[]', 'true', `${'['.repeat(100_000)}${']'.repeat(100_000)}`].map((text) => ({
    name: `${text.slice(0, 8)} for a payload`,
    given: makeDelivery(text, { secret: WEBHOOK_SECRET }),
    want: /^400 WEBHOOK_BODY_INVALID .*body: /,
  })),
  ...TEXT_FIELDS.flatMap((field) => [...NO_TEXTS, null, '', '\u0007'].map((value) => wrong(field, value))),
  ...OPTIONAL_FIELDS.flatMap((field) => [...NO_TEXTS, 'x'.repeat(3_000)].map((value) => wrong(field, value))),
  ...[null, 1, 'acme/app', [], {}].map((value) => wrong('repository', value)),
  ...['HEAD', 'a'.repeat(39), 'g'.repeat(40), 'A'.repeat(40)].map((value) => wrong('after', value)),
  ...['app', 'acme/app/x', 'acme/../app', 'a b/c'].map((value) => wrong('repository.full_name', value)),
  ...ODD_REFS.map((value) => wrong('ref', value)),
];

function wrong(field: string, value: unknown): Case {
  const shown = JSON.stringify(value).slice(0, 30);
  return {
    name: `${shown} for ${field}`,
    given: pushWith(field, value),
    want: new RegExp(`^400 WEBHOOK_BODY_INVALID the delivery is malformed: ${field.replace('.', '\\.')}`),
  };
}

test('a webhook', async (t) => {
  const story = await useStory(t);
  const { namespace, repository } = story;
  const url = new URL('/webhooks/github', story.hawser.publicUrl);
  const post = ({ headers, body }: Delivery) => fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
  const first = await repository.commitAndPush({ 'config.yaml': makeConfigMap('settings', { colour: 'blue' }) });
  await story.create(makeGitRepository({ namespace }, { url: repository.url }), makeKustomization({ namespace }));
  await story.applied(first);
  const requestsBefore = story.gitServer.requests.length;

  for (const { name, given, want } of REFUSED) {
    await t.test(`with ${name} is refused with the reason`, async () => {
      const response = await post(given);

      const { error } = (await response.json()) as { error: { code: string; message: string } };
      assert.match(`${response.status} ${error.code} ${error.message}`, want);
      assert.doesNotMatch(error.message, /\p{Cc}/u, 'the answer repeats control characters');
    });
  }

  await t.test('for a repository that nobody follows is answered with 202 and says so', async () => {
    const response = await sendPush(story.hawser.publicUrl, PUSH);

    const answer = (await response.json()) as Record<string, string>;
    assert.equal(response.status, 202);
    assert.equal(answer.reason, `no GitRepository has the URL ${PUSH.url}`);
    await eventually(async () => {
      const page = await fetch(new URL(answer.push ?? '', story.hawser.publicUrl));
      const { reason } = (await page.json()) as Record<string, string>;
      assert.equal(reason, answer.reason);
    });
  });

  await t.test('for a branch that nobody follows is answered with 202 and names who follows another', async () => {
    const response = await story.hook({ after: SHA, ref: 'refs/heads/feature/ünï%20cödé' });

    const { reason } = (await response.json()) as Record<string, string>;
    assert.equal(response.status, 202);
    assert.equal(
      reason,
      `GitRepository/${namespace}/app: follows refs/heads/main, the push moved refs/heads/feature/ünï%20cödé`,
    );
  });

  await t.test('that was refused, or concerned nobody, made nobody ask a Git server', () => {
    const asked = story.gitServer.requests.slice(requestsBefore).filter(({ service }) => service === 'fetch');
    assert.deepEqual(asked, []);
  });

  await t.test('that is good deploys after all that', async () => {
    const second = await repository.commitAndPush({ 'config.yaml': makeConfigMap('settings', { colour: 'red' }) });

    const response = await story.hook({ before: first, after: second });

    assert.equal(response.status, 202);
    await story.applied(second);
    const errors = story.hawser.log.filter(({ level }) => level === 'error' || level === 'fatal');
    assert.deepEqual(errors, []);
  });
});
