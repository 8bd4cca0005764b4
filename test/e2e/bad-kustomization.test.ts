/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are those of the manifests */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findCondition } from '../../src/model/conditions.ts';
import { readDecryptionFixture } from '../support/decryption-fixtures.ts';
import { followedStory, hasCondition, hasEvent, listEvents } from '../support/deploy-story.ts';
import { makeSecret } from '../support/make-kubeconfig.ts';
import { makeConfigMap, makeKustomization } from '../support/make-kustomization.ts';
import type { FileChanges, Repository } from '../support/make-repository.ts';
import { startRenderer } from '../support/start-renderer.ts';

const CANARY = 'canary-password-7Wq9';
const CANARY_KEY = 'AGE-SECRET-KEY-1CANARYCANARYCANARY';

interface SpecCase {
  /** Also the directory and the Kustomization. */
  readonly name: string;
  readonly title: string;
  /** Below the case's directory, beside a good manifest. */
  readonly files?: FileChanges;
  readonly spec: Readonly<Record<string, unknown>>;
  /** What mends it; null takes a field away. */
  readonly mend: Readonly<Record<string, unknown>>;
  readonly reason: string;
  /** Stalled: only a person can mend it. */
  readonly isFinal: boolean;
  readonly message: RegExp;
}

const PATH = { reason: 'ArtifactFailed', isFinal: true } as const;
const BUILD = { reason: 'BuildFailed', isFinal: true } as const;
const CEL = { reason: 'InvalidCELExpression', isFinal: true } as const;
const RECONCILE = { reason: 'ReconciliationFailed', isFinal: true } as const;
const sops = (name: string) => ({ decryption: { provider: 'sops', secretRef: { name } } });
const pathOf = (name: string) => ({ path: `./${name}` });

const CASES: readonly SpecCase[] = [
  {
    ...PATH,
    name: 'above',
    title: 'a path above the repository',
    spec: { path: '../..' },
    mend: pathOf('above'),
    message: /^kustomization path not found: '\.\.\/\.\.' leads out of the source$/,
  },
  {
    ...PATH,
    name: 'absolute',
    title: 'an absolute path, which starts at the repository, not at the file system',
    spec: { path: '/etc' },
    mend: pathOf('absolute'),
    message: /^kustomization path not found: stat etc: no such file or directory$/,
  },
  {
    ...PATH,
    name: 'file',
    title: 'a path of a file',
    spec: { path: './file/good.yaml' },
    mend: pathOf('file'),
    message: /^kustomization path not found: file\/good\.yaml is a file, not a directory$/,
  },
  {
    ...PATH,
    name: 'submodule',
    title: 'a path of a submodule, whose files are not part of the commit',
    spec: { path: './submodule/module' },
    mend: pathOf('submodule'),
    message: /^kustomization path not found: .*submodule\/module/,
  },
  {
    name: 'link',
    title: 'a path that is a link out of the repository',
    files: { out: { symlink: '../../../../../etc' } },
    spec: { path: './link/out' },
    mend: pathOf('link'),
    ...BUILD,
    message: /link\/out.*out of the (source|repository)/,
  },
  {
    name: 'no-source',
    title: 'a source that does not exist',
    spec: { sourceRef: { kind: 'GitRepository', name: 'ghost' } },
    mend: { sourceRef: { kind: 'GitRepository', name: 'app' } },
    reason: 'ArtifactFailed',
    isFinal: false,
    message: /^GitRepository\.source\.toolkit\.fluxcd\.io "ghost" not found$/,
  },
  {
    ...BUILD,
    name: 'no-value',
    title: 'a variable without value',
    files: { 'map.yaml': makeConfigMap('no-value-map', { a: '${missing}' }) },
    spec: { postBuild: { substitute: { other: 'x' } } },
    mend: { postBuild: { substitute: { missing: 'x' } } },
    message: /^post build failed for 'ConfigMap\S*no-value-map': .*variable not set \(strict mode\): "missing"/,
  },
  {
    ...BUILD,
    name: 'odd-name',
    title: 'a variable whose name cannot be one',
    spec: { postBuild: { substitute: { '1st-name': 'x' } } },
    mend: { postBuild: { substitute: null } },
    message: /^post build failed: '1st-name' is not a name of a variable/,
  },
  {
    ...BUILD,
    name: 'odd-value',
    title: 'a secret value that breaks the manifest it is put into',
    files: {
      'map.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: odd-value-map\ndata:\n  a: ${password}\n',
    },
    spec: { postBuild: { substituteFrom: [{ kind: 'Secret', name: 'odd-value' }] } },
    mend: { postBuild: { substitute: { password: 'plain' }, substituteFrom: null } },
    message: /^post build failed for 'ConfigMap\S*odd-value-map': /,
  },
  {
    ...BUILD,
    name: 'other-key',
    title: 'a Secret that is encrypted for somebody else',
    files: { 'secret.yaml': readDecryptionFixture('secret.yaml.enc').toString() },
    spec: sops('other-key'),
    mend: sops('right-key'),
    message: /^decryption failed for '.*secret\.yaml'|^.*decryption failed for/,
  },
  {
    name: 'broken-key',
    title: 'a decryption key that is none',
    files: { 'secret.yaml': readDecryptionFixture('secret.yaml.enc').toString() },
    spec: sops('broken-key'),
    mend: sops('right-key'),
    reason: 'BuildFailed',
    isFinal: false,
    message: /^cannot use 'x\.agekey' of the decryption Secret 'broken-key': line 1 is not an age identity/,
  },
  {
    ...CEL,
    name: 'health-expression',
    title: 'an expression about health that cannot be compiled',
    spec: { wait: true, healthCheckExprs: [{ apiVersion: 'v1', kind: 'ConfigMap', current: 'data.a ==' }] },
    mend: { healthCheckExprs: null },
    message: /spec\.healthCheckExprs\[0\]\.current/,
  },
  {
    ...CEL,
    name: 'ready-expression',
    title: 'an expression about a dependency that cannot be compiled',
    spec: { dependsOn: [{ name: 'no-value', readyExpr: 'dep.status.(' }] },
    mend: { dependsOn: null },
    message: /spec\.dependsOn\[0\]\.readyExpr/,
  },
  {
    ...BUILD,
    name: 'patch',
    title: 'a patch of a field that is not there',
    spec: { patches: [{ patch: '- {op: replace, path: /nope/x, value: 1}', target: { kind: 'ConfigMap' } }] },
    mend: { patches: null },
    message: /spec\.patches\[0\]|\/nope\/x/,
  },
  {
    ...BUILD,
    name: 'component',
    title: 'a component that does not exist',
    spec: { components: ['./nowhere'] },
    mend: { components: null },
    message: /nowhere/,
  },
  {
    ...RECONCILE,
    name: 'ignore-rule',
    title: 'a rule of what to ignore whose name is no regular expression',
    files: { 'map.yaml': makeConfigMap('ignore-rule-map', { a: 'b' }) },
    spec: { ignore: [{ paths: ['/data/a'], target: { name: '[' } }] },
    mend: { ignore: null },
    message: /spec\.ignore: target\.name '\[' is not a regular expression$/,
  },
];

test('a Kustomization that asks for something impossible', async (t) => {
  const deployed = await followedStory(t, { 'README.md': 'nothing to deploy yet' });
  const { story, push } = deployed;
  const { namespace } = story;
  await story.create(
    makeSecret(namespace, 'odd-value', { password: `[${CANARY}` }),
    makeSecret(namespace, 'other-key', { 'x.agekey': readDecryptionFixture('other.agekey').toString() }),
    makeSecret(namespace, 'broken-key', { 'x.agekey': CANARY_KEY }),
    makeSecret(namespace, 'right-key', { 'x.agekey': readDecryptionFixture('age.agekey').toString() }),
  );
  await addSubmodule(story.repository, 'submodule/module');
  const sha = await push(Object.assign({}, ...CASES.map(toFiles)));
  for (const { name, spec } of CASES) {
    await story.create(makeKustomization({ name, namespace }, { path: `./${name}`, ...spec }));
  }

  for (const { title, name, ...want } of CASES) {
    await t.test(`${title}: condition and event name it, and nothing is applied`, async () => {
      const { reason, message, isFinal } = want;
      const found = await hasCondition(story, { type: 'Ready', status: 'False', reason, message }, name);

      assert.equal(findCondition(found.status?.conditions, 'Stalled')?.status, isFinal ? 'True' : undefined);
      await hasEvent(story, reason, findCondition(found.status?.conditions, 'Ready')?.message.slice(0, 900) ?? '');
      assert.equal(found.status?.inventory?.entries.length ?? 0, 0);
      assert.equal(await story.get('v1', 'ConfigMap', name), undefined);
    });
  }

  await t.test('tells no secret to anybody', async () => {
    const { items } = await story.client.list({ ...KUSTOMIZATIONS, namespace });
    const places = [JSON.stringify(items), (await listEvents(story)).join('\n'), story.hawser.output()];
    const secrets = [CANARY, CANARY_KEY, /AGE-SECRET-KEY-1\w{20}/.exec(readKey('other.agekey'))?.[0] ?? ''];
    for (const secret of secrets) {
      assert.deepEqual(
        places.map((text) => text.includes(secret)),
        [false, false, false],
      );
    }
  });

  await t.test('is deployed once it is corrected, and by the next push', async () => {
    for (const { name, mend } of CASES) {
      await story.kubectl('patch', 'kustomization', name, '--type=merge', '-p', JSON.stringify({ spec: mend }));
    }
    for (const { name } of CASES) await story.applied(sha, name);
    const next = await push(
      Object.fromEntries(CASES.map(({ name }) => [`${name}/more.yaml`, makeConfigMap(`${name}-more`, {})])),
    );

    for (const { name } of CASES) {
      await story.applied(next, name);
      assert.ok(await story.get('v1', 'ConfigMap', `${name}-more`), `${name} was not deployed`);
    }
  });

  await t.test('is refused by kubectl already where a field is unknown or malformed', async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'hawser-bad-'));
    t.after(() => rm(directory, { recursive: true }));
    const apply = async (spec: Readonly<Record<string, unknown>>) => {
      const file = join(directory, 'kustomization.json');
      await writeFile(file, JSON.stringify(makeKustomization({ name: 'above', namespace }, spec)));
      return await story.kubectl('apply', '--server-side', '--force-conflicts', '-f', file);
    };

    await assert.rejects(
      apply({ pth: './typo' }),
      /\.spec\.pth: field not declared in schema|unknown field "spec\.pth"/,
    );
    await assert.rejects(apply({ interval: 'soon' }), /spec\.interval: Invalid value: "soon"/);
    await assert.rejects(apply({ sourceRef: { kind: 'HelmChart', name: 'x' } }), /Unsupported value: "HelmChart"/);
  });
});

test('a large set of objects in one path', async (t) => {
  await t.test('of 10,000 is built', async (t) => {
    const renderer = await startRenderer(t);

    const { objects } = await renderer.render(manyMaps(10_000), { targetNamespace: 'default' });

    assert.equal(objects.length, 10_000);
  });

  await t.test('of 1,000 is applied whole, or not at all, and what is wrong among them is named', async (t) => {
    const { story, first, push } = await followedStory(t, manyMaps(1_000), { patienceMs: 120_000 });
    const { namespace } = story;
    await story.create(makeKustomization({ namespace }, { timeout: '10m' }));
    await story.applied(first);

    await push({
      'maps-0.yaml': makeConfigMap('map-0', { changed: 'yes' }),
      'wrong.yaml': makeConfigMap('Wrong_Name', {}),
    });

    await hasCondition(story, {
      type: 'Stalled',
      status: 'True',
      message: /^ConfigMap\/\S+\/Wrong_Name dry-run failed \(Invalid\): /,
    });
    const found = await story.get('v1', 'ConfigMap', 'map-0');
    assert.equal((found?.data as Record<string, string> | undefined)?.changed, undefined);
    assert.equal((await story.kustomization()).status?.inventory?.entries.length, 1_000);

    await story.applied(await push({ 'wrong.yaml': null }));
    assert.equal((await story.kustomization()).status?.inventory?.entries.length, 901);
  });
});

/** So many ConfigMaps, a hundred in each file. */
function manyMaps(count: number): Record<string, string> {
  const files = Array.from({ length: count / 100 }, (_, file) => {
    const maps = Array.from({ length: 100 }, (_, index) => makeConfigMap(`map-${file * 100 + index}`, { a: 'b' }));
    return [`maps-${file}.yaml`, maps.join('---\n')] as const;
  });
  return Object.fromEntries(files);
}

const KUSTOMIZATIONS = { group: 'kustomize.toolkit.fluxcd.io', version: 'v1', plural: 'kustomizations' };

function toFiles({ name, files }: SpecCase): FileChanges {
  const all = { 'good.yaml': makeConfigMap(name, { good: 'yes' }), ...files };
  return Object.fromEntries(Object.entries(all).map(([file, content]) => [`${name}/${file}`, content]));
}

function readKey(name: string): string {
  return readDecryptionFixture(name).toString();
}

/** Puts a repository of its own into the work tree: the next commit takes it as a submodule. */
async function addSubmodule(repository: Repository, path: string): Promise<void> {
  await repository.git('init', '--quiet', path);
  await repository.git('-C', path, 'commit', '--quiet', '--allow-empty', '--no-gpg-sign', '-m', 'Start');
}
