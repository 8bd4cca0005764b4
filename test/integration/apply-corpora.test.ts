import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeLargeCorpus } from '../support/make-large-corpus.ts';
import { type Corpus, readCorpora } from '../support/read-corpora.ts';
import { runCorpus } from '../support/run-corpus.ts';
import { startRenderer } from '../support/start-renderer.ts';
import { useCluster } from '../support/use-cluster.ts';

/** Directories whose directories are one corpus each, separated by colons: run beside ours, on a cluster of their own. */
const GIVEN = (process.env.HAWSER_TEST_CORPORA ?? '').split(':').filter((path) => path !== '');
const OWN = join(import.meta.dirname, '../fixtures/corpora');
const TIMEOUT_MS = 600_000;

for (const corpus of await findCorpora()) {
  const title = `the corpus ${corpus.name} applies, applies again without a write, and prunes to nothing`;
  test(title, { timeout: TIMEOUT_MS }, async (t) => {
    const { client, namespace } = await useCluster(t);
    const { render } = await startRenderer(t, { timeoutMs: 120_000 });

    const { objects, warnings, ...report } = await runCorpus({ client, namespace, render }, corpus);

    t.diagnostic(`${corpus.name}: ${objects} objects`);
    for (const warning of warnings) t.diagnostic(warning);
    assert.deepEqual(report, { failures: [], missing: [], rewritten: [], repeated: [], left: [] });
    assert.ok(objects > 0);
  });
}

test('variants of the same objects side by side are refused, naming both places', async (t) => {
  const { render } = await startRenderer(t);
  const variant = (mode: string) =>
    `{ apiVersion: v1, kind: ConfigMap, metadata: { name: mode, namespace: net }, data: { mode: ${mode} } }`;

  const rendering = render({ 'bridged.yaml': variant('bridged'), 'routed/all.yaml': variant('routed') }, {});

  await assert.rejects(rendering, /ConfigMap\/net\/mode .*bridged\.yaml.*routed\/all\.yaml/);
});

async function findCorpora(): Promise<Corpus[]> {
  for (const root of GIVEN) assert.ok(existsSync(root), `${root} of HAWSER_TEST_CORPORA is missing`);
  const given = await Promise.all(GIVEN.map((root) => readCorpora(root, { isForeign: true })));
  return [...(await readCorpora(OWN, { isForeign: false })), makeLargeCorpus(), ...given.flat()];
}
