import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadAll } from 'js-yaml';
import { listVariables } from '../../../src/config/list-variables.ts';

const ROOT = join(import.meta.dirname, '../../..');
const VARIABLES = listVariables();
const NAMES = VARIABLES.map(({ name }) => name).sort();

/** In a Pod these are what they are: its own credentials, and the image's binary. */
const NEVER_IN_THE_CHART = ['KUBECONFIG', 'HAWSER_KUSTOMIZE_PATH'];

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

interface Workload {
  readonly kind: string;
  readonly spec: { template: { spec: { containers: { env: { name: string }[] }[] } } };
}

describe('what is written about the configuration', () => {
  test('.env.example lists every variable with its default, and no other', () => {
    const lines = read('.env.example').matchAll(/^#?([A-Z][A-Z_]+)=(.*)$/gm);

    const listed = [...lines].map(([, name, value]) => ({ name, default: value || undefined }));

    assert.deepEqual(
      listed,
      VARIABLES.map(({ name, default: value }) => ({ name, default: value })),
    );
  });

  test('docs/configuration.md has a row for every variable, with its default', () => {
    const rows = [...read('docs/configuration.md').matchAll(/^\| `([A-Z][A-Z_]+)`(?:, `[A-Z_]+_FILE`)? *\|(.*)$/gm)];
    const documented = new Map(rows.map(([, name, cells]) => [name, cells ?? '']));

    const missing = VARIABLES.filter(({ name, default: value }) => !documented.get(name)?.includes(value ?? ''));

    assert.deepEqual(missing, []);
  });

  test("the chart's values name every variable that makes sense in a Pod", () => {
    const values = read('helm/values.yaml');

    const missing = NAMES.filter(
      (name) =>
        !NEVER_IN_THE_CHART.includes(name) &&
        !new RegExp(`\\b${name}\\b`).test(`${values}${read('helm/templates/_env.tpl')}`),
    );

    assert.deepEqual(missing, []);
  });

  test('deploy/install.yaml sets no variable that the process does not know', () => {
    const workloads = loadAll(read('deploy/install.yaml')).filter(
      (item): item is Workload => (item as Workload | null)?.kind === 'Deployment',
    );

    const set = workloads.flatMap(({ spec }) =>
      spec.template.spec.containers.flatMap(({ env }) => env.map(({ name }) => name)),
    );

    assert.notEqual(set.length, 0);
    assert.deepEqual(
      set.filter((name) => /^(HAWSER|GIT(HUB|LAB)|REDIS)_/.test(name) && !NAMES.includes(name)),
      [],
    );
  });
});
