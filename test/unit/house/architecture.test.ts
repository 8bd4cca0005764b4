import assert from 'node:assert/strict';
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { cruise, type ICruiseResult, type IForbiddenRuleType } from 'dependency-cruiser';

const ROOT = join(import.meta.dirname, '../../..');

interface Architecture {
  readonly ALLOWED_IMPORTS: Readonly<Record<string, readonly string[]>>;
  readonly default: {
    readonly forbidden: IForbiddenRuleType[];
    readonly options: { readonly enhancedResolveOptions: object };
  };
}

// The rules are plain JavaScript without types, so they are loaded by name.
const rules: Architecture = await import(join(ROOT, '.dependency-cruiser.mjs'));

interface Violation {
  readonly name: string;
  /** File of the sample to put in, with its text. */
  readonly file: string;
  readonly text: string;
  readonly want: string;
}

const violations: readonly Violation[] = [
  {
    name: 'an import that the table does not allow',
    file: 'src/model/planted.ts',
    text: "import { app } from '../http/app.ts';\nexport const planted = app;\n",
    want: 'model-may-import',
  },
  {
    name: 'an import of a type that the table does not allow',
    file: 'src/kube/planted.ts',
    text: "import type { App } from '../http/app.ts';\nexport type Planted = App;\n",
    want: 'kube-may-import',
  },
  {
    name: 'an import inside a function that uses `using`',
    file: 'src/git/planted.ts',
    text: "export async function planted() {\n  await using app = (await import('../http/app.ts')).app;\n  return app;\n}\n",
    want: 'git-may-import',
  },
  {
    name: 'a module that the table does not know',
    file: 'src/utils/planted.ts',
    text: "import { text } from '../errors/text.ts';\nexport const planted = text;\n",
    want: 'every-module-has-a-rule',
  },
  {
    name: "a package outside its owner's module",
    file: 'src/sync/planted.ts',
    text: "import { Queue } from 'bullmq';\nexport const planted = Queue;\n",
    want: 'only-queue-uses-bullmq',
  },
  {
    name: 'a scoped package outside its owners',
    file: 'src/http/planted.ts',
    text: "import { Octokit } from '@octokit/core';\nexport const planted = Octokit;\n",
    want: 'only-commit-status-or-credentials-uses-octokit-core',
  },
  {
    name: 'a module that reaches for main.ts',
    file: 'src/http/planted.ts',
    text: "import { main } from '../main.ts';\nexport const planted = main;\n",
    want: 'http-may-import',
  },
  {
    name: 'a circle of types',
    file: 'src/errors/planted.ts',
    text: "import type { Circle } from './circle.ts';\nexport type Planted = Circle;\n",
    want: 'no-circular',
  },
  {
    name: 'I/O in a pure module',
    file: 'src/health/planted.ts',
    text: "import { readFileSync } from 'node:fs';\nexport const planted = readFileSync;\n",
    want: 'pure-modules-do-no-io',
  },
  {
    name: 'a folder inside a module',
    file: 'src/http/planted.ts',
    text: "import { deep } from './routes/deep.ts';\nexport const planted = deep;\n",
    want: 'no-deep-path',
  },
  {
    name: 'test code in what is shipped',
    file: 'src/http/planted.ts',
    text: "import { support } from '../../test/support.ts';\nexport const planted = support;\n",
    want: 'src-never-imports-test',
  },
  {
    name: 'an import that leads nowhere',
    file: 'src/http/planted.ts',
    text: "import { gone } from './gone.ts';\nexport const planted = gone;\n",
    want: 'no-unresolvable',
  },
];

/** A tree that keeps every rule, into which one violation is planted at a time. */
const sample = {
  'package.json': '{ "type": "module", "dependencies": { "bullmq": "*", "@octokit/core": "*" } }',
  'node_modules/bullmq/package.json': '{ "name": "bullmq", "type": "module", "exports": "./index.js" }',
  'node_modules/bullmq/index.js': 'export class Queue {}\n',
  'node_modules/@octokit/core/package.json': '{ "name": "@octokit/core", "type": "module", "exports": "./index.js" }',
  'node_modules/@octokit/core/index.js': 'export class Octokit {}\n',
  'src/errors/text.ts': "export const text = 'x';\n",
  'src/errors/circle.ts': "import type { Planted } from './planted.ts';\nexport type Circle = Planted;\n",
  'src/http/app.ts': "import { text } from '../errors/text.ts';\nexport type App = string;\nexport const app = text;\n",
  'src/http/routes/deep.ts': 'export const deep = 1;\n',
  'src/queue/queues.ts': "import { Queue } from 'bullmq';\nexport const queues = new Queue();\n",
  'src/main.ts':
    "import { Queue } from 'bullmq';\nimport { app } from './http/app.ts';\nexport const main = [app, Queue];\n",
  'test/support.ts': 'export const support = 1;\n',
};

function writeTree(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
}

async function cruiseSources(baseDir: string): Promise<ICruiseResult> {
  const { options, forbidden } = rules.default;
  const { enhancedResolveOptions, ...cruiseOptions } = options;
  const result = await cruise(
    ['src'],
    { ...cruiseOptions, baseDir, validate: true, ruleSet: { forbidden } },
    enhancedResolveOptions,
  );
  assert.notEqual(typeof result.output, 'string');
  return result.output as ICruiseResult;
}

describe('the architecture check', () => {
  let result: ICruiseResult;

  before(async () => {
    result = await cruiseSources(ROOT);
  });

  test('reads every file of src, and what they import', () => {
    const files = globSync('src/**/*.ts', { cwd: ROOT });

    const read = new Set(result.modules.map(({ source }) => source));

    assert.ok(files.length > 40);
    assert.deepEqual(
      files.filter((file) => !read.has(file)),
      [],
    );
    assert.ok(result.summary.totalDependenciesCruised! > files.length);
  });

  test('knows every module of src', () => {
    const modules = new Set(globSync('src/*/*.ts', { cwd: ROOT }).map((file) => file.split('/')[1]));

    assert.deepEqual(
      [...modules].filter((name) => !Object.hasOwn(rules.ALLOWED_IMPORTS, name ?? '')),
      [],
    );
  });

  for (const { name, file, text, want } of violations) {
    test(`reports ${name}`, async (t) => {
      const dir = mkdtempSync(join(tmpdir(), 'hawser-architecture-'));
      t.after(() => rmSync(dir, { recursive: true }));
      writeTree(dir, { ...sample, 'src/errors/planted.ts': 'export type Planted = string;\n', [file]: text });

      const { summary } = await cruiseSources(dir);

      const reported = summary.violations.map(({ rule }) => rule.name);
      assert.ok(reported.includes(want), `${want} is not among: ${reported.join(', ')}`);
      assert.deepEqual(
        summary.violations.filter(({ from }) => from !== file && want !== 'no-circular'),
        [],
      );
    });
  }

  test('finds nothing where every rule is kept', async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'hawser-architecture-'));
    t.after(() => rmSync(dir, { recursive: true }));
    writeTree(dir, { ...sample, 'src/errors/planted.ts': 'export type Planted = string;\n' });

    const { summary } = await cruiseSources(dir);

    assert.deepEqual(summary.violations, []);
  });
});
