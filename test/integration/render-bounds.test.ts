import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRenderer as start } from '../support/start-renderer.ts';

test('a build that wants too much memory is stopped by a limit', {
  skip: process.platform !== 'linux' && 'only Linux bounds the address space',
}, async (t) => {
  const { render } = await start(t, { maxMemoryBytes: 720 * 1024 * 1024 });
  const documents = Array.from({ length: 2_000 }, (_, index) =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `c${index}` },
      data: Object.fromEntries(Array.from({ length: 100 }, (_entry, key) => [`k${key}`, 'x'.repeat(20)])),
    }),
  );
  const files = { 'kustomization.yaml': 'resources: [a.yaml]', 'a.yaml': documents.join('\n---\n') };

  await assert.rejects(render(files, {}), {
    code: 'RENDER_FAILED',
    message: /needs more than 754974720 bytes of memory/,
  });
});
