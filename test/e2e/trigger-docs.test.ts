import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadAll } from 'js-yaml';
import { deployedStory } from '../support/deploy-story.ts';
import { makeConfigMap } from '../support/make-kustomization.ts';
import { TRIGGER_TOKEN } from '../support/trigger.ts';

const DOCS = readFileSync(new URL('../../docs/trigger.md', import.meta.url), 'utf8');

/** The first block of code below a heading. */
function blockOf(heading: string): string {
  const section = DOCS.slice(DOCS.indexOf(`## ${heading}\n`));
  return /```\w+\n([\s\S]*?)\n```/.exec(section)?.[1] ?? '';
}

interface Snippets {
  readonly jobs: { readonly deploy: { readonly steps: readonly { readonly run: string }[] } };
  readonly deploy: { readonly script: readonly string[] };
}

function snippetOf(heading: string): Snippets {
  return loadAll(blockOf(heading))[0] as Snippets;
}

const EXAMPLES = [
  { name: 'curl', script: blockOf('With curl') },
  { name: 'GitHub Actions', script: snippetOf('GitHub Actions').jobs.deploy.steps[0]?.run ?? '' },
  { name: 'GitLab CI', script: snippetOf('GitLab CI').deploy.script.join('\n') },
];

describe('the documented example for', () => {
  for (const { name, script } of EXAMPLES) {
    test(`${name} deploys as it is written, and fails for a commit that the remote does not name`, async (t) => {
      const { story, first } = await deployedStory(
        t,
        { 'settings.yaml': makeConfigMap('settings', { colour: 'blue' }) },
        {},
        { env: { HAWSER_TRIGGER_TOKEN: TRIGGER_TOKEN } },
      );
      const cwd = await mkdtemp(join(tmpdir(), 'hawser-trigger-'));
      t.after(() => rm(cwd, { recursive: true }));
      const text = script.replace('/default/app', `/${story.namespace}/app`);
      const run = (commit: string, id: string) => runAsCi(text, { cwd, commit, id, url: story.hawser.publicUrl });
      const second = await story.repository.commitAndPush({
        'settings.yaml': makeConfigMap('settings', { colour: 'red' }),
      });

      const good = await run(second, '1');
      const bad = await run(first, '2');

      assert.equal(good.code, 0, good.output);
      assert.match(good.output, new RegExp(`"verdict":"deployed","ok":true,"revision":"main@sha1:${second}"`));
      assert.equal((await story.kustomization()).status?.lastAppliedRevision, `main@sha1:${second}`);
      assert.notEqual(bad.code, 0, bad.output);
      assert.match(bad.output, /"verdict":"mismatch"/);
    });
  }
});

function runAsCi(
  script: string,
  { cwd, commit, id, url }: { cwd: string; commit: string; id: string; url: string },
): Promise<{ code: number | string | null | undefined; output: string }> {
  const env = {
    PATH: process.env.PATH,
    HAWSER_URL: url,
    HAWSER_TOKEN: TRIGGER_TOKEN,
    ...{ COMMIT: commit, GITHUB_SHA: commit, CI_COMMIT_SHA: commit },
    ...{ RUN_ID: id, GITHUB_RUN_ID: id, GITHUB_RUN_ATTEMPT: '1', CI_JOB_ID: id },
  };
  return new Promise((resolve) => {
    execFile('bash', ['-e', '-c', script], { cwd, env }, (error, stdout, stderr) => {
      resolve({ code: error ? error.code : 0, output: `${stdout}${stderr}` });
    });
  });
}
