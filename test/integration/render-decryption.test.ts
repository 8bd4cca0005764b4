import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import type { Rendered } from '../../src/render/render-request.ts';
import { startRenderer as start } from '../support/start-renderer.ts';

const WEB = '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}';
const LABEL = '- {op: add, path: /metadata/labels, value: {a: b}}';

test('exactly the files that Flux decrypts before a build are decrypted, told by the format they are read as', async (t) => {
  const { render } = await start(t);
  const asked: string[] = [];
  const decryptor = {
    id: 'keys',
    decryptFile: async (path: string, content: Buffer) => {
      asked.push(path);
      return content;
    },
    decryptObject: async (object: Rendered['objects'][number]) => object,
  };
  const files = {
    'web.yaml': WEB,
    'kustomization.yaml': `
resources: [web.yaml, base]
patches: [{path: patch.yaml, target: {kind: Deployment}}]
configMapGenerator: [{name: open, files: [open.txt]}]
secretGenerator: [{name: closed, files: [a.json, b.yaml=closed.bin, c.yaml=d.yaml], envs: [settings, other.env]}]
`,
    'patch.yaml': LABEL,
    'base/kustomization.yaml': 'secretGenerator: [{name: inner, envs: [inner.ini]}]',
    ...Object.fromEntries(['a.json', 'closed.bin', 'd.yaml', 'open.txt'].map((name) => [name, 'x'])),
    ...Object.fromEntries(['settings', 'other.env', 'base/inner.ini'].map((name) => [name, `K${name.length}=v`])),
  };

  await render(files, { decryptor });

  assert.deepEqual(asked.sort(), [
    ...[
      'a.json',
      'base/inner.ini',
      'closed.bin as b.yaml',
      'd.yaml as c.yaml',
      'other.env',
      'patch.yaml',
      'settings as .env',
    ],
  ]);
});

test('what one set of keys decrypted is not given to another', async (t) => {
  const { render, workDir } = await start(t);
  const decryptorOf = (id: string) => ({
    id,
    decryptFile: async () => Buffer.from(`plain-${id}`),
    decryptObject: async (object: Rendered['objects'][number]) => object,
  });
  const files = { 'kustomization.yaml': 'secretGenerator: [{name: a, files: [a.txt]}]', 'a.txt': 'encrypted' };

  const secrets = await Promise.all([
    ...['one', 'two'].map((id) => render(files, { decryptor: decryptorOf(id) })),
    render(files, {}),
  ]);

  const values = secrets.map(
    ({ objects: [secret] }) => (secret?.data as Record<string, string> | undefined)?.['a.txt'],
  );
  assert.deepEqual(
    values,
    ['plain-one', 'plain-two', 'encrypted'].map((text) => Buffer.from(text).toString('base64')),
  );
  assert.deepEqual(await readdir(workDir), []);
});

test('a file that cannot be decrypted fails the render and leaves nothing behind', async (t) => {
  const { render, workDir } = await start(t);
  const decryptor = {
    id: 'keys',
    decryptFile: async () => Promise.reject(new Error('no key')),
    decryptObject: async (object: Rendered['objects'][number]) => object,
  };
  const files = { 'kustomization.yaml': 'secretGenerator: [{name: a, files: [a.txt]}]', 'a.txt': 'encrypted' };

  await assert.rejects(render(files, { decryptor }), /no key/);

  assert.deepEqual(await readdir(workDir), []);
});
