import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { findCondition } from '../../src/model/conditions.ts';
import { dumpRedis } from '../support/dump-redis.ts';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { makeDelivery, makePush, sendPush } from '../support/make-push.ts';
import { makeRepository } from '../support/make-repository.ts';
import { GITHUB_TOKEN, type Story, useStory, WEBHOOK_SECRET } from '../support/use-story.ts';

const GIT_PASSWORD = 'canary-git-password';
const WRONG_PASSWORD = 'canary-wrong-git-password';
const URL_PASSWORD = 'canary-url-password';
const API_PASSWORD = 'canary-url-parameter';
const PATIENCE = { timeoutMs: 20_000 };

/** Secret manifests with a canary each: what becomes of them, and the words that prove that they got that far. */
const MANIFESTS: readonly { readonly name: string; readonly text: string; readonly want: RegExp }[] = [
  { name: 'fine', text: secret('fine', 'stringData: {password: canary-fine}'), want: /^Applied revision/ },
  {
    name: 'typo',
    text: secret('typo', 'stringDatta: {password: canary-typo}\nstringData: {password: canary-typo-too}'),
    want: /^Applied revision/,
  },
  {
    name: 'not-base64',
    text: secret('not-base64', 'data: {password: "canary not base64!"}'),
    want: /^Secret\/\S+\/not-base64 .*illegal base64/,
  },
  {
    name: 'nested',
    text: secret('nested', 'immutable: {a: canary-nested}'),
    want: /^Secret\/\S+\/nested apply failed: .*\.immutable: expected boolean, got/,
  },
  {
    name: 'docker',
    text: secret('docker', 'type: kubernetes.io/dockerconfigjson\nstringData: {.dockerconfigjson: "{canary-docker"}'),
    want: /^Secret\/\S+\/docker .*failed \(Invalid\)/,
  },
  {
    name: 'odd-key',
    text: secret('odd-key', 'stringData: {"a b": canary-odd-key, "c": "canary-odd-key\\nsecond line"}'),
    want: /^Secret\/\S+\/odd-key .*failed \(Invalid\)/,
  },
  {
    name: 'odd-type',
    text: secret('odd-type', 'type: kubernetes.io/basic-auth\nstringData: {pass: canary-odd-type}'),
    want: /^Secret\/\S+\/odd-type .*failed \(Invalid\)/,
  },
  {
    name: 'number',
    text: secret('number', 'stringData: {a: canary-number, b: 4711471147114711}'),
    want: /^number\/secret\.yaml.*b must be a string: quote it/,
  },
  {
    name: 'broken',
    text: secret('broken', 'stringData:\n  password: "canary-broken\n  other: canary-broken: [canary-broken'),
    want: /^broken\/secret\.yaml, document 1: line \d+: /,
  },
  {
    name: 'duplicate-key',
    text: secret('duplicate-key', 'stringData: {canary-key: canary-duplicate, canary-key: canary-duplicate}'),
    want: /^duplicate-key\/secret\.yaml, document 1: /,
  },
  { name: 'no-kind', text: 'apiVersion: v1\nstringData: {a: canary-no-kind}\n', want: /kind is missing/ },
  {
    name: 'no-list',
    text: 'apiVersion: v1\nkind: SecretList\nitems: {a: canary-no-list}\n',
    want: /items must be a list/,
  },
];

const GENERATED: readonly { readonly name: string; readonly text: string; readonly want: RegExp }[] = [
  { name: 'generated', text: generator('password=canary-generated'), want: /^Applied revision/ },
  { name: 'odd-literal', text: generator('canary-odd-literal'), want: /^kustomize build failed/ },
  {
    name: 'conflict',
    text: 'namespace: other\nresources: [secret.yaml]\n',
    want: /^kustomize build failed: namespace transformation produces ID conflict/,
  },
  {
    name: 'replaced',
    text: 'resources: [secret.yaml]\nreplacements:\n- source: {kind: Secret, fieldPath: stringData.a.b}\n  targets: [{select: {kind: Secret}, fieldPaths: [stringData.b]}]\n',
    want: /^kustomize build failed: .*node contents/,
  },
  {
    name: 'odd-patch',
    text: 'resources: [secret.yaml]\npatches:\n- patch: "stringData: [canary-odd-patch"\n',
    want: /^kustomize build failed|kustomization\.yaml/,
  },
];

function secret(name: string, fields: string): string {
  return `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}}\n${fields}\n`;
}

function secretIn(namespace: string): string {
  return secret(`conflict, namespace: ${namespace}`, 'stringData: {a: canary-conflict}');
}

function generator(literal: string): string {
  return `secretGenerator:\n- name: generated\n  literals: ["${literal}"]\n`;
}

test('secrets', async (t) => {
  const story = await useStory(t, { repositories: ['acme/app', 'acme/private'] });
  const answers = await actOut(story);

  await t.test('were really in play', async () => {
    const { data } = (await story.get('v1', 'Secret', 'fine')) as unknown as { data: Record<string, string> };
    assert.equal(Buffer.from(data.password ?? '', 'base64').toString(), 'canary-fine');
    // So many Kustomizations use up the burst of the statuses' budget: the last ones come 0.75 s apart.
    await story.github.waitFor(({ repository, state }) => repository === 'acme/private' && state === 'success', 60_000);
    assert.ok(story.hawser.output().includes('sync failed'));
  });

  const canaries = toCanaries(await readFile(story.kubeconfig, 'utf8'));
  for (const [place, text] of await collect(story, answers)) {
    await t.test(`are not in ${place}`, () => {
      assert.ok(text.length > 0, 'there is nothing to look at');
      const found = canaries.filter((canary) => text.includes(canary));
      assert.deepEqual(
        found.map((canary) => excerpt(text, canary)),
        [],
      );
    });
  }
});

test('a process that cannot start says why, without a secret, and ends with 1', async (t) => {
  const story = await useStory(t, { started: false });

  const starting = story.start({
    env: {
      HAWSER_LOG_LEVEL: 'loud',
      HAWSER_GITHUB_API_URL: 'https://octo:canary-api-password@',
      HAWSER_EXTERNAL_URL: 'ftp://octo:canary-external-password@hawser.example.com',
      REDIS_URL: 'http://:canary-redis-password@127.0.0.1',
      GITLAB_TOKEN: 'canary-gitlab-token',
    },
  });

  await assert.rejects(starting, (error: Error) => {
    assert.match(error.message, /ended with code 1 before it was ready/);
    for (const name of ['HAWSER_LOG_LEVEL', 'HAWSER_GITHUB_API_URL', 'HAWSER_EXTERNAL_URL', 'REDIS_URL']) {
      assert.ok(error.message.includes(name), `${name} is not named in ${error.message}`);
    }
    assert.doesNotMatch(error.message, /canary/);
    return true;
  });
});

/** Lets every secret pass through Hawser, in the right place and in wrong ones; answers what it said over HTTP. */
async function actOut(story: Story): Promise<string[]> {
  const { namespace, repository } = story;
  const all = [...MANIFESTS, ...GENERATED];
  const files = [
    ...MANIFESTS.map(({ name, text }) => [`${name}/secret.yaml`, text]),
    ...GENERATED.map(({ name, text }) => [`${name}/kustomization.yaml`, text]),
    ['odd-patch/secret.yaml', secret('odd-patch', 'stringData: {a: canary-odd-patch}')],
    ['replaced/secret.yaml', secret('replaced', 'stringData: {a: canary-replaced}')],
    ['conflict/secret.yaml', ['one', 'two'].map((space) => secretIn(space)).join('---\n')],
  ];
  const first = await repository.commitAndPush({ 'README.md': 'nothing yet' });
  await story.create(makeGitRepository({ namespace }, { url: repository.url }));
  for (const { name } of all) await story.create(makeKustomization({ name, namespace }, { path: `./${name}` }));
  const answers = [await hookPrivate(story)];
  const second = await repository.commitAndPush(Object.fromEntries(files));
  answers.push(await textOf(await story.hook({ before: first, after: second })));
  for (const { name, want } of all) await concluded(story, { name, want, sha: second });
  return [...answers, ...(await misuse(story))];
}

/** Sources whose remote wants a password: right, wrong, and written into the URL. */
async function hookPrivate(story: Story): Promise<string> {
  const { namespace, gitServer } = story;
  const repository = await makeRepository(gitServer, 'acme/private');
  gitServer.set({ auth: { username: 'octo', password: GIT_PASSWORD } }, repository.name);
  const after = await repository.commitAndPush({ 'config.yaml': makeConfigMap('private', { good: 'yes' }) });
  for (const [name, password] of Object.entries({ private: GIT_PASSWORD, 'wrong-password': WRONG_PASSWORD })) {
    await story.create(
      { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData: { username: 'octo', password } },
      makeGitRepository({ name, namespace }, { url: repository.url, secretRef: { name } }),
    );
  }
  const url = `${repository.url.replace('://', `://octo:${URL_PASSWORD}@`)}?private_token=${API_PASSWORD}`;
  await story.create(
    makeGitRepository({ name: 'url-password', namespace }, { url }),
    makeKustomization({ name: 'private', namespace }, { sourceRef: { kind: 'GitRepository', name: 'private' } }),
    makeKustomization(
      { name: 'url-password', namespace },
      { sourceRef: { kind: 'GitRepository', name: 'url-password' } },
    ),
  );
  await story.applied(after, 'private');
  for (const [name, reason] of Object.entries({
    'wrong-password': 'GitOperationFailed',
    'url-password': 'URLInvalid',
  })) {
    await eventually(async () => {
      const { status } = await story.gitRepository(name);
      assert.equal(findCondition(status?.conditions, 'Ready')?.reason, reason);
    }, PATIENCE);
  }
  const next = await repository.commitAndPush({ 'config.yaml': makeConfigMap('private', { good: 'very' }) });
  const push = { secret: WEBHOOK_SECRET, repository: repository.name, url, before: after, after: next };
  const answer = await textOf(await sendPush(story.hawser.publicUrl, push));
  await story.applied(next, 'private');
  return answer;
}

/** Waits until a Kustomization says what became of it. */
async function concluded(
  story: Story,
  { name, want, sha }: { name: string; want: RegExp; sha: string },
): Promise<void> {
  await eventually(async () => {
    const { status } = await story.kustomization(name);
    assert.equal(
      status?.lastAttemptedRevision,
      `main@sha1:${sha}`,
      `${name} is at ${JSON.stringify(status?.conditions)}`,
    );
    assert.match(findCondition(status?.conditions, 'Ready')?.message ?? '', want, name);
  }, PATIENCE);
}

/** Requests that hold secrets where none belongs, or that ask for things in the hope of one. */
async function misuse({ hawser }: Story): Promise<string[]> {
  const { publicUrl, internalUrl, artifactUrl } = hawser;
  const push = { repository: 'acme/app', url: 'https://github.com/acme/app.git', after: 'a'.repeat(40) };
  const bad = [
    makePush({ ...push, secret: 'guessed' }),
    makePush({ ...push, secret: null }),
    makeDelivery(`{"token": "${GITHUB_TOKEN}"`, { secret: WEBHOOK_SECRET }),
    makeDelivery({ ref: GITHUB_TOKEN, before: GIT_PASSWORD, after: URL_PASSWORD }, { secret: WEBHOOK_SECRET }),
  ];
  const answers = bad.map(({ headers, body }) =>
    fetch(`${publicUrl}/webhooks/github`, {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${GITHUB_TOKEN}` },
      body: new Uint8Array(body),
    }),
  );
  const paths = [
    `${publicUrl}/`,
    `${publicUrl}/pushes/nope`,
    `${publicUrl}/pushes/%zz?secret=${WEBHOOK_SECRET}`,
    `${publicUrl}/trigger/kustomization/a/b?token=${WEBHOOK_SECRET}`,
    `${internalUrl}/livez`,
    `${internalUrl}/readyz`,
    `${internalUrl}/api/pushes`,
    `${artifactUrl}/`,
    `${artifactUrl}/gitrepository/`,
  ];
  const responses = await Promise.all([...answers, ...paths.map((path) => fetch(path))]);
  return Promise.all(responses.map(textOf));
}

async function textOf(response: Response): Promise<string> {
  return `${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}`;
}

/** Everything that Hawser says or keeps beyond what Git and the API server hold anyway, by place. */
async function collect(story: Story, answers: readonly string[]): Promise<[place: string, text: string][]> {
  const { hawser, kubectl, github } = story;
  const resources = JSON.parse(await kubectl('get', 'gitrepositories,kustomizations', '-o', 'json')) as {
    items: { status: unknown }[];
  };
  const redisDir = join(hawser.dataDir, 'redis');
  const redis = await dumpRedis(join(redisDir, 'redis.sock'));
  return [
    ['HTTP answers', answers.join('\n')],
    ['the pages of pushes', await readPushPages(hawser.publicUrl, redis)],
    ['metrics', await textOf(await fetch(`${hawser.internalUrl}/metrics`))],
    ['statuses', JSON.stringify(resources.items.map(({ status }) => status))],
    ['events', await kubectl('get', 'events', '-o', 'json')],
    ['commit statuses', JSON.stringify(github.statuses)],
    ['Redis', redis],
    ['what Redis has written to disk', await readFiles(redisDir)],
    ['the names of kept files', (await readdir(hawser.dataDir, { recursive: true })).join('\n')],
    ['anything that the process has written', hawser.output()],
  ];
}

/** Push records are keys of Redis that hold the pushes' ids; each is shown as JSON and as a page. */
async function readPushPages(publicUrl: string, redis: string): Promise<string> {
  const ids = new Set(redis.match(/\b[0-9a-f]{32}\b/g));
  const texts: string[] = [];
  for (const id of ids) {
    for (const accept of ['application/json', 'text/html']) {
      const response = await fetch(`${publicUrl}/pushes/${id}`, { headers: { accept } });
      if (response.status === 200) texts.push(await response.text());
    }
  }
  assert.ok(
    texts.some((text) => text.includes('acme/private')),
    'no page tells of the private repository',
  );
  return texts.join('\n');
}

async function readFiles(dir: string): Promise<string> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const texts = await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), 'latin1')));
  return texts.join('\n');
}

/** The common start of all planted secrets, and the cluster's own, as they are and as they are usually encoded. */
function toCanaries(kubeconfig: string): string[] {
  const tokens = [...kubeconfig.matchAll(/token"?:\s*"?([^\s",}]+)/g)].flatMap(([, token]) => token ?? []);
  assert.notEqual(tokens.length, 0, 'the kubeconfig holds no token to look for');
  const encoded = [
    WEBHOOK_SECRET,
    GITHUB_TOKEN,
    GIT_PASSWORD,
    `octo:${GIT_PASSWORD}`,
    'canary-fine',
    'canary-generated',
  ];
  return ['canary', 'Y2FuYXJ5', '4711471147114711', ...tokens, ...encoded.map((text) => btoa(text).replace(/=+$/, ''))];
}

function excerpt(text: string, canary: string): string {
  const at = text.indexOf(canary);
  return text.slice(Math.max(at - 200, 0), at + 60);
}
