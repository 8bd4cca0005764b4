import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Condition, findCondition } from '../../src/model/conditions.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeDeployment, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { sendPush } from '../support/make-push.ts';
import { type FileChanges, makeRepository, type Repository } from '../support/make-repository.ts';
import { type Story, useStory, WEBHOOK_SECRET } from '../support/use-story.ts';

const PATIENCE = { timeoutMs: 20_000 };

/** `final`: only a person can mend it. `retried`: it is tried again by itself. */
type Shape = 'final' | 'retried';

interface Refusal {
  readonly reason: string;
  readonly message: RegExp;
  readonly shape: Shape;
}

interface ManifestCase extends Refusal {
  /** Also the directory and the Kustomization. */
  readonly name: string;
  readonly title: string;
  /** Below the case's directory, beside a good manifest; the mending push removes them. */
  readonly files: FileChanges;
  readonly spec?: Readonly<Record<string, unknown>>;
  /** What mends it, if it is not the manifests. */
  readonly mend?: Readonly<Record<string, unknown>>;
  /** True where the API server says no only to the write itself, when others of its stage may have been written. */
  readonly partly?: boolean;
}

const BOMB = [
  'apiVersion: v1',
  'kind: ConfigMap',
  'metadata: {name: bomb}',
  'data:',
  '  a: &a [x,x,x,x,x,x,x,x,x,x]',
  ...'bcdefghij'.split('').map((name, index) => {
    const previous = `*${String.fromCharCode(97 + index)}`;
    return `  ${name}: &${name} [${Array.from({ length: 10 }, () => previous).join(',')}]`;
  }),
  '',
].join('\n');

const FINAL_BUILD = { reason: 'BuildFailed', shape: 'final' } as const;
const kustomizationOf = (resource: string) => `resources:\n- good.yaml\n- ${resource}\n`;
const NAMED = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ';

const MANIFESTS: readonly ManifestCase[] = [
  {
    ...FINAL_BUILD,
    name: 'bomb',
    title: 'a YAML bomb',
    files: { 'bomb.yaml': BOMB },
    message: /^bomb\/bomb\.yaml, document 1: aliases expand to more than ten times the size of the document$/,
  },
  {
    ...FINAL_BUILD,
    name: 'no-yaml',
    title: 'a file that is not YAML',
    files: { 'broken.yaml': `${NAMED}broken\ndata:\n\tkey: value\n` },
    message: /^no-yaml\/broken\.yaml, document 1: line 6: /,
  },
  {
    ...FINAL_BUILD,
    name: 'no-kind',
    title: 'a manifest without kind',
    files: { 'nameless.yaml': 'apiVersion: v1\nmetadata:\n  name: nameless\n' },
    message: /^no-kind\/nameless\.yaml, document 1: kind is missing$/,
  },
  {
    ...FINAL_BUILD,
    name: 'generated-name',
    title: 'a manifest with generateName',
    files: { 'job.yaml': 'apiVersion: batch/v1\nkind: Job\nmetadata:\n  generateName: job-\n' },
    message: /^generated-name\/job\.yaml, document 1: Job has generateName .*; give it metadata\.name$/,
  },
  {
    ...FINAL_BUILD,
    name: 'twice',
    title: 'the same object in two files',
    files: { 'a.yaml': `${NAMED}one\n`, 'b.yaml': `${NAMED}two\n---\n${NAMED}one\n` },
    message:
      /^ConfigMap\/\S+\/one is there twice: in twice\/a\.yaml \(document 1\) and in twice\/b\.yaml \(document 2\); remove one$/,
  },
  {
    ...FINAL_BUILD,
    name: 'numbers',
    title: 'a number in a ConfigMap',
    files: { 'replicas.yaml': `${NAMED}replicas\ndata:\n  replicas: 3\n` },
    message: /^numbers\/replicas\.yaml, document 1: ConfigMap\/replicas: data\.replicas must be a string: quote it$/,
  },
  {
    ...FINAL_BUILD,
    name: 'plain-link',
    title: 'a symlink out of the repository in a plain directory',
    files: { 'passwd.yaml': { symlink: '../../../../../etc/passwd' } },
    message: /plain-link\/passwd\.yaml.*out of the (source|repository)/,
  },
  {
    ...FINAL_BUILD,
    name: 'built-link',
    title: 'a symlink out of the repository in a kustomization',
    files: { 'passwd.yaml': { symlink: '/etc/passwd' }, 'kustomization.yaml': kustomizationOf('passwd.yaml') },
    message: /built-link\/passwd\.yaml.*out of the (source|repository)/,
  },
  {
    ...FINAL_BUILD,
    name: 'remote-base',
    title: 'a remote base',
    files: { 'kustomization.yaml': kustomizationOf('https://github.com/acme/base?ref=main') },
    message:
      /remote-base\/kustomization\.yaml.*'https:\/\/github\.com\/acme\/base\?ref=main' is remote; only files of this source are built$/,
  },
  {
    ...FINAL_BUILD,
    name: 'missing-resource',
    title: 'a kustomization that names a missing file',
    files: { 'kustomization.yaml': kustomizationOf('missing.yaml') },
    message: /missing-resource\/kustomization\.yaml.*'missing\.yaml': no such file or directory$/,
  },
  {
    name: 'nowhere',
    title: 'a path that does not exist',
    files: {},
    spec: { path: './nowhere/at-all' },
    mend: { path: './nowhere' },
    reason: 'ArtifactFailed',
    shape: 'final',
    message: /^kustomization path not found: stat nowhere\/at-all: no such file or directory$/,
  },
  {
    name: 'outside',
    title: 'a path that leads out of the repository',
    files: {},
    spec: { path: './../../etc' },
    mend: { path: './outside' },
    reason: 'ArtifactFailed',
    shape: 'final',
    message: /^kustomization path not found: '\.\/\.\.\/\.\.\/etc' leads out of the source$/,
  },
  {
    name: 'invalid',
    title: 'a Deployment that the API server finds invalid',
    files: { 'web.yaml': makeDeployment('invalid', 'web:v1').replace('replicas: 2', 'replicas: -2') },
    reason: 'ReconciliationFailed',
    shape: 'final',
    message: /^Deployment\/\S+\/invalid dry-run failed \(Invalid\): .*spec\.replicas: Invalid value: -2/,
  },
  {
    name: 'wrong-type',
    title: 'a Deployment with text for a number',
    files: { 'web.yaml': makeDeployment('wrong-type', 'web:v1').replace('replicas: 2', 'replicas: many') },
    reason: 'ReconciliationFailed',
    shape: 'final',
    message: /^Deployment\/\S+\/wrong-type dry-run failed.*: .*\.spec\.replicas: expected numeric/,
  },
  {
    name: 'unknown-kind',
    title: 'a kind that the cluster does not serve',
    files: { 'widget.yaml': 'apiVersion: example.com/v7\nkind: Gadget\nmetadata:\n  name: g\n' },
    reason: 'ReconciliationFailed',
    shape: 'retried',
    message: /^Gadget\/\S+\/g dry-run failed: no matches for kind "Gadget" in version "example\.com\/v7"$/,
  },
  {
    name: 'no-namespace',
    title: 'a namespace that does not exist',
    files: {},
    spec: { targetNamespace: 'not-there' },
    reason: 'ReconciliationFailed',
    shape: 'retried',
    message: /^ConfigMap\/not-there\/no-namespace .*failed \(NotFound\): namespaces "not-there" not found$/,
  },
  {
    name: 'homeless',
    title: 'an object without namespace and no targetNamespace',
    files: {},
    spec: { targetNamespace: undefined },
    reason: 'ReconciliationFailed',
    shape: 'final',
    message: /^ConfigMap\/homeless has no namespace: set metadata\.namespace in the manifest, or spec\.targetNamespace/,
  },
  {
    name: 'immutable',
    title: 'a change of an immutable field',
    files: { 'web.yaml': makeDeployment('immutable', 'web:v1').replaceAll('app: immutable', 'app: renamed') },
    reason: 'ReconciliationFailed',
    shape: 'final',
    message: /^Deployment\/\S+\/immutable dry-run failed \(Invalid\): .*field is immutable/,
  },
  {
    name: 'large-map',
    title: 'a ConfigMap over 1 MiB',
    files: { 'large.yaml': makeConfigMap('large', { text: 'x'.repeat(1_700_000) }) },
    reason: 'ReconciliationFailed',
    shape: 'final',
    message: /^ConfigMap\/\S+\/large dry-run failed.*: /,
  },
  {
    name: 'large-object',
    title: 'an object that is too large for etcd',
    files: { 'large.yaml': withLargeVariable(makeDeployment('large', 'web:v1')) },
    reason: 'ReconciliationFailed',
    shape: 'final',
    message: /^Deployment\/\S+\/large apply failed: .*(request is too large|ResourceExhausted)/,
    partly: true,
  },
];

function withLargeVariable(deployment: string): string {
  return `${deployment}        env:\n        - name: TEXT\n          value: ${'x'.repeat(1_700_000)}\n`;
}

const UNSUPPORTED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'spec.decryption.serviceAccountName': { decryption: { provider: 'sops', serviceAccountName: 'kms' } },
};

async function badManifests(t: TestContext, story: Story): Promise<void> {
  const { namespace, repository } = story;
  const before = makeDeployment('immutable', 'web:v1');
  const first = await repository.commitAndPush({ 'immutable/web.yaml': before });
  await story.create(
    makeGitRepository({ namespace }, { url: repository.url }),
    makeKustomization({ name: 'immutable', namespace }, { path: './immutable' }),
  );
  await story.applied(first, 'immutable');
  const second = await repository.commitAndPush(Object.assign({}, ...MANIFESTS.map(toFiles)));
  for (const { name, spec } of MANIFESTS) {
    if (name === 'immutable') continue;
    await story.create(makeKustomization({ name, namespace }, { path: `./${name}`, retryInterval: '1h', ...spec }));
  }
  await story.hook({ before: first, after: second });

  for (const { title, name, partly, ...want } of MANIFESTS) {
    await t.test(`${title} is refused: told in condition and event, with nothing applied`, async () => {
      const found = await refused(story, 'Kustomization', name, { ...want, revision: second });

      assert.notEqual(found.lastAppliedRevision, `main@sha1:${second}`);
      if (!partly) assert.equal(await story.get('v1', 'ConfigMap', name), undefined);
      await told(story, name, want);
    });
  }

  await t.test('the commit gets a failure with the reason', async () => {
    const status = await story.github.waitFor(
      ({ sha, context, state }) => sha === second && context.endsWith('/no-kind') && state !== 'pending',
    );

    assert.equal(status.state, 'failure');
    assert.match(status.description ?? '', /no-kind\/nameless\.yaml.*kind is missing/);
  });

  await t.test('what was deployed before stays as it was', async () => {
    assert.match(await story.kubectl('get', 'deployment', 'immutable', '-o', 'yaml'), /app: immutable/);
  });

  await t.test('the push that mends them is deployed', async () => {
    for (const { name, mend, spec } of MANIFESTS) {
      if (mend ?? spec) await patchSpec(story, 'kustomization', name, { targetNamespace: namespace, ...mend });
    }
    const third = await repository.commitAndPush(Object.assign({}, ...MANIFESTS.map(toMendedFiles)));

    await story.hook({ before: second, after: third });

    for (const { name } of MANIFESTS) {
      await story.applied(third, name);
      assert.ok(await story.get('v1', 'ConfigMap', name), `ConfigMap ${name} is not there`);
    }
    noErrorsLogged(story);
  });
}

function toFiles({ name, files }: ManifestCase): FileChanges {
  const all = { 'good.yaml': makeConfigMap(name, { good: 'yes' }), ...files };
  return Object.fromEntries(Object.entries(all).map(([file, content]) => [`${name}/${file}`, content]));
}

function toMendedFiles({ name, files }: ManifestCase): FileChanges {
  const removed = Object.fromEntries(Object.keys(files).map((file) => [`${name}/${file}`, null]));
  return name === 'immutable' ? { 'immutable/web.yaml': makeDeployment('immutable', 'web:v2') } : removed;
}

async function unknownFields(t: TestContext, story: Story): Promise<void> {
  const { namespace } = story;
  const name = 'typo';
  const repository = await makeRepository(story.gitServer, `acme/${name}`);
  const deployment = makeDeployment('web', 'web:v1').replace(
    'image: web:v1',
    'image: web:v1\n        imagePullPolice: Always',
  );
  const first = await repository.commitAndPush({
    'web.yaml': deployment.replace('spec:\n', 'spec:\n  replica: 3\n'),
    'config.yaml': makeConfigMap('settings', { colour: 'blue' }),
  });
  await story.create(
    makeGitRepository({ name, namespace }, { url: repository.url }),
    makeKustomization({ name, namespace }, { sourceRef: { kind: 'GitRepository', name } }),
  );

  await t.test('is dropped with a warning that names object and field, and the rest is applied', async () => {
    await story.applied(first, name);

    assert.ok(await story.get('apps/v1', 'Deployment', 'web'));
    for (const field of ['spec.replica', 'spec.template.spec.containers[name="web"].imagePullPolice']) {
      await eventually(async () => {
        const messages = await warningsOf(story, name);
        const want = `Deployment/${namespace}/web: unknown field '${field}' was dropped: correct its name or remove it from the manifest`;
        assert.ok(messages.includes(want), `${want} is not among ${messages.join('\n')}`);
      }, PATIENCE);
    }
  });

  await t.test('costs nothing until its object changes again', async () => {
    const before = (await warningsOf(story, name)).length;
    const second = await repository.commitAndPush({ 'config.yaml': makeConfigMap('settings', { colour: 'red' }) });
    await sendPush(story.hawser.publicUrl, pushOf(repository, second));
    await story.applied(second, name);
    const third = await repository.commitAndPush({ 'web.yaml': deployment.replace('web:v1', 'web:v2') });

    await sendPush(story.hawser.publicUrl, pushOf(repository, third));

    await story.applied(third, name);
    await eventually(async () => {
      const events = (await eventsOf(story, name)).map(({ message }) => message);
      assert.ok(events.includes(`ConfigMap/${namespace}/settings configured`));
      assert.equal(
        (await warningsOf(story, name)).length,
        before + 1,
        'only the push of the object itself warns again',
      );
    }, PATIENCE);
  });

  await t.test('of a custom resource is refused, for its definition may be too old', async () => {
    const sha = await repository.commitAndPush({
      'config.yaml': null,
      'web.yaml': null,
      'source.yaml': [
        'apiVersion: source.toolkit.fluxcd.io/v1',
        'kind: GitRepository',
        'metadata: {name: other}',
        'spec: {url: "https://git.example.com/acme/other.git", interval: 1h, suspend: true, colour: blue}',
        '',
      ].join('\n'),
    });

    await sendPush(story.hawser.publicUrl, pushOf(repository, sha));

    await refused(story, 'Kustomization', name, {
      reason: 'ReconciliationFailed',
      shape: 'final',
      message: /^GitRepository\/\S+\/other apply failed: .*\.spec\.colour: field not declared in schema$/,
    });
  });
}

/** A warning that came again counts again. */
async function warningsOf(story: Story, name: string): Promise<string[]> {
  const events = (await eventsOf(story, name)).filter(({ reason }) => reason === 'ApplyWarning');
  return events.flatMap(({ message, count }) => Array.from({ length: count }, () => message));
}

/** The source is the one that the group before has left in good order. */
async function unsupportedFields(t: TestContext, story: Story): Promise<void> {
  const { namespace, repository } = story;
  const path = './unsupported';
  const sha = await repository.commitAndPush({
    'unsupported/config.yaml': makeConfigMap('unsupported', { good: 'yes' }),
  });
  await story.hook({ after: sha });
  const fields = Object.entries(UNSUPPORTED);
  for (const [field, spec] of fields) {
    await story.create(makeKustomization({ name: nameFor(field), namespace }, { path, ...spec }));
  }
  const said = (field: string) => ({
    reason: 'UnsupportedField',
    shape: 'final' as const,
    message: new RegExp(
      `^${field.replaceAll(/[.()]/g, '\\$&')} is not supported by this version of Hawser, and nothing was applied: .*see docs/`,
    ),
  });

  for (const [field] of fields) {
    await t.test(`${field} of a Kustomization is refused, not ignored`, async () => {
      await refused(story, 'Kustomization', nameFor(field), said(field));
      await told(story, nameFor(field), said(field));
    });
  }
  await t.test('nothing was applied, and without the field it is', async () => {
    assert.equal(await story.get('v1', 'ConfigMap', 'unsupported'), undefined);

    await story.kubectl(
      'patch',
      'kustomization',
      nameFor('spec.decryption.serviceAccountName'),
      '--type=json',
      '-p',
      '[{"op":"remove","path":"/spec/decryption"}]',
    );

    await story.applied(sha, nameFor('spec.decryption.serviceAccountName'));
    noErrorsLogged(story);
  });
}

function nameFor(field: string): string {
  return (
    field
      .toLowerCase()
      .match(/[a-z]+/g)
      ?.join('-') ?? ''
  );
}

interface SourceCase extends Refusal {
  readonly name: string;
  readonly title: string;
  /** Makes the remote bad, and answers the source's spec, if it is not just the URL. */
  readonly spoil: (
    world: SourceWorld,
  ) => Promise<Readonly<Record<string, unknown>>> | Readonly<Record<string, unknown>>;
  readonly mend: (world: SourceWorld) => Promise<unknown> | unknown;
}

interface SourceWorld {
  readonly story: Story;
  readonly repository: Repository;
  readonly name: string;
}

const GIT = { reason: 'GitOperationFailed', shape: 'retried' } as const;
const CLONE =
  "^failed to checkout and determine revision: unable to clone 'http://127\\.0\\.0\\.1:\\d+/acme/[a-z-]+\\.git': ";
const CREDENTIALS = { username: 'octo', password: 'the-right-password' };

const SOURCES: readonly SourceCase[] = [
  {
    ...GIT,
    name: 'no-branch',
    title: 'a branch that does not exist',
    spoil: () => ({ ref: { branch: 'nope' } }),
    mend: ({ story }) => patchSpec(story, 'gitrepository', 'no-branch', { ref: { branch: 'main' } }),
    message: new RegExp(`${CLONE}couldn't find remote ref "refs/heads/nope"`),
  },
  {
    name: 'empty',
    title: 'an empty repository',
    spoil: () => ({}),
    mend: () => undefined,
    reason: 'EmptyGitRepository',
    shape: 'retried',
    message: /^git repository is empty/,
  },
  {
    ...GIT,
    name: 'no-repository',
    title: 'a repository that does not exist',
    spoil: ({ story }) => ({ url: story.gitServer.repositoryUrl('acme/nope') }),
    mend: ({ story, repository }) => patchSpec(story, 'gitrepository', 'no-repository', { url: repository.url }),
    message: new RegExp(`${CLONE}repository not found`),
  },
  {
    name: 'no-secret',
    title: 'a secret that does not exist',
    spoil: () => ({ secretRef: { name: 'ghost' } }),
    mend: ({ story }) => story.create(makeSecret(story, 'ghost', CREDENTIALS)),
    reason: 'AuthenticationFailed',
    shape: 'retried',
    message: /^failed to get secret '\S+\/ghost': secrets "ghost" not found$/,
  },
  {
    ...GIT,
    name: 'wrong-password',
    title: 'credentials that the Git server does not accept',
    async spoil({ story, repository }) {
      story.gitServer.set({ auth: CREDENTIALS }, repository.name);
      await story.create(makeSecret(story, 'wrong', { ...CREDENTIALS, password: 'the-wrong-password' }));
      return { secretRef: { name: 'wrong' } };
    },
    mend: ({ story }) => story.kubectl('patch', 'secret', 'wrong', '-p', JSON.stringify({ stringData: CREDENTIALS })),
    message: new RegExp(`${CLONE}authentication required`),
  },
  {
    name: 'odd-secret',
    title: 'a secret with a password and no user name',
    async spoil({ story }) {
      await story.create(makeSecret(story, 'odd', { password: CREDENTIALS.password }));
      return { secretRef: { name: 'odd' } };
    },
    mend: ({ story }) => story.kubectl('patch', 'secret', 'odd', '-p', JSON.stringify({ stringData: CREDENTIALS })),
    reason: 'AuthenticationFailed',
    shape: 'retried',
    message: /'password' requires 'username' to be set/,
  },
  {
    name: 'url-password',
    title: 'a URL with credentials',
    spoil: ({ repository }) => ({ url: repository.url.replace('://', '://octo:pass-in-url@') }),
    mend: ({ story, repository }) => patchSpec(story, 'gitrepository', 'url-password', { url: repository.url }),
    reason: 'URLInvalid',
    shape: 'final',
    message: /^spec\.url of GitRepository\/\S+\/url-password holds a user name or password: put them into a Secret/,
  },
  {
    ...GIT,
    name: 'refusing',
    title: 'a server that refuses connections',
    spoil: async () => ({ url: `http://127.0.0.1:${await closedPort()}/acme/app.git` }),
    mend: ({ story, repository }) => patchSpec(story, 'gitrepository', 'refusing', { url: repository.url }),
    message: new RegExp(`${CLONE}.*ECONNREFUSED`),
  },
  {
    ...GIT,
    name: 'cutting',
    title: 'a server that cuts connections',
    spoil: ({ story, repository }) => set(story, repository, { cut: 'headers' }),
    mend: ({ story, repository }) => set(story, repository, { cut: undefined }),
    message: new RegExp(`${CLONE}the connection was closed`),
  },
  {
    ...GIT,
    name: 'half',
    title: 'a server that cuts its answers',
    spoil: ({ story, repository }) => set(story, repository, { cut: 'body' }),
    mend: ({ story, repository }) => set(story, repository, { cut: undefined }),
    message: new RegExp(`${CLONE}the connection was closed`),
  },
  {
    ...GIT,
    name: 'broken',
    title: 'a server that answers 500',
    spoil: ({ story, repository }) => set(story, repository, { refuse: 'http-500' }),
    mend: ({ story, repository }) => set(story, repository, { refuse: undefined }),
    message: new RegExp(`${CLONE}the server failed \\(HTTP 500\\): out of order`),
  },
];

const REPOSITORIES = ['app', 'typo', ...SOURCES.map(({ name }) => name)].map((name) => `acme/${name}`);

test('bad input', async (t) => {
  const story = await useStory(t, { repositories: REPOSITORIES });
  await t.test('in manifests and paths', (group) => badManifests(group, story));
  await t.test('in the name of a field', (group) => unknownFields(group, story));
  await t.test('in fields that this version does not carry out', (group) => unsupportedFields(group, story));
  await t.test('in sources', (group) => badSources(group, story));
});

async function badSources(t: TestContext, story: Story): Promise<void> {
  const worlds = await Promise.all(SOURCES.map((source) => makeWorld(story, source)));

  for (const { name, title, ...want } of SOURCES) {
    await t.test(`${title}: told in condition and event, with nothing applied`, async () => {
      const found = await refused(story, 'GitRepository', name, want);

      assert.equal(found.artifact, undefined);
      assert.equal(await story.get('v1', 'ConfigMap', name), undefined);
      await told(story, name, want);
      await eventually(async () => {
        const conditions = (await story.kustomization(name)).status?.conditions;
        assert.equal(findCondition(conditions, 'Ready')?.message, 'Source is not ready, artifact not found');
      }, PATIENCE);
    });
  }

  await t.test('once they are mended, the next push is deployed', async () => {
    await Promise.all(
      SOURCES.map(async ({ name, mend }, index) => {
        const world = worlds[index];
        assert.ok(world);
        await mend(world);
        const sha = await world.repository.commitAndPush({ 'config.yaml': makeConfigMap(name, { good: 'yes' }) });
        await sendPush(story.hawser.publicUrl, pushOf(world.repository, sha));
        await story.applied(sha, name);
      }),
    );
    noErrorsLogged(story);
  });
}

async function makeWorld(story: Story, { name, spoil }: SourceCase): Promise<SourceWorld> {
  const { namespace } = story;
  const repository = await makeRepository(story.gitServer, `acme/${name}`);
  const world = { story, repository, name };
  if (name !== 'empty') await repository.commitAndPush({ 'config.yaml': makeConfigMap(name, { good: 'no' }) });
  const spec = await spoil(world);
  await story.create(
    makeGitRepository({ name, namespace }, { url: repository.url, ...spec }),
    makeKustomization({ name, namespace }, { sourceRef: { kind: 'GitRepository', name } }),
  );
  return world;
}

function set(story: Story, repository: Repository, switches: Parameters<Story['gitServer']['set']>[0]) {
  story.gitServer.set(switches, repository.name);
  return {};
}

function makeSecret({ namespace }: Story, name: string, stringData: Readonly<Record<string, string>>): KubeObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData };
}

function pushOf({ name, url }: Repository, after: string) {
  return { secret: WEBHOOK_SECRET, repository: name, url, after };
}

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 1;
}

async function patchSpec(story: Story, kind: string, name: string, spec: Readonly<Record<string, unknown>>) {
  await story.kubectl('patch', kind, name, '--type=merge', '-p', JSON.stringify({ spec }));
}

interface ReportedStatus {
  readonly conditions?: readonly Condition[];
  readonly observedGeneration?: number;
  readonly lastAppliedRevision?: string;
  readonly lastAttemptedRevision?: string;
  readonly artifact?: unknown;
}

/** Waits until a resource says why it is refused, in the shape that tools understand. */
async function refused(
  story: Story,
  kind: 'Kustomization' | 'GitRepository',
  name: string,
  want: Refusal & { readonly revision?: string },
): Promise<ReportedStatus> {
  return await eventually(async () => {
    const resource = kind === 'Kustomization' ? await story.kustomization(name) : await story.gitRepository(name);
    const status = (resource.status ?? {}) as ReportedStatus;
    const of = (type: string) => findCondition(status.conditions, type);
    const ready = of('Ready');
    assert.equal(
      `${ready?.status} ${ready?.reason}`,
      `False ${want.reason}`,
      JSON.stringify(status.conditions)?.slice(0, 2_000),
    );
    assert.match(ready?.message ?? '', want.message);
    const generation = resource.metadata.generation;
    assert.equal(ready?.observedGeneration, generation);
    if (want.shape === 'final') {
      assert.equal(of('Stalled')?.status, 'True');
      assert.equal(of('Stalled')?.message, ready?.message);
      assert.equal(of('Reconciling'), undefined);
      assert.equal(status.observedGeneration, generation);
    } else {
      assert.equal(of('Stalled'), undefined);
      assert.equal(of('Reconciling')?.reason, 'ProgressingWithRetry');
    }
    return status;
  }, PATIENCE);
}

/** Waits until an event says the same as the condition. */
async function told(story: Story, name: string, { reason, message }: Refusal): Promise<void> {
  await eventually(async () => {
    const events = await eventsOf(story, name);
    const found = events.some(
      (event) => event.type === 'Warning' && event.reason === reason && message.test(event.message),
    );
    assert.ok(found, `no event ${reason} ${message} among ${JSON.stringify(events).slice(0, 2_000)}`);
  }, PATIENCE);
}

interface ReportedEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
}

async function eventsOf({ client, namespace }: Story, name: string): Promise<ReportedEvent[]> {
  const { items } = await client.list({
    group: '',
    version: 'v1',
    plural: 'events',
    namespace,
    fieldSelector: `involvedObject.name=${name}`,
  });
  return items as unknown as ReportedEvent[];
}

/** Bad input is somebody's mistake, not Hawser's: the process lives and has nothing to say at level error. */
function noErrorsLogged({ hawser }: Story): void {
  const errors = hawser.log.filter(({ level }) => level === 'error' || level === 'fatal');
  assert.deepEqual(errors, []);
}
