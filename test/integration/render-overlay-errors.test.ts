import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Overlay } from '../../src/render/render-request.ts';
import { type Files, startRenderer as start } from '../support/start-renderer.ts';

const LABEL = '- {op: add, path: /metadata/labels, value: {from: spec}}';
const PLAIN: Files = {
  'web.yaml': '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {}}',
};

const BAD: readonly { readonly name: string; readonly overlay: Overlay; readonly message: RegExp }[] = [
  {
    name: 'a patch that is no YAML',
    overlay: { patches: [{ patch: 'a: [' }] },
    message: /^spec\.patches\[0\]: patch, document 1: line 2/,
  },
  {
    name: 'an empty patch',
    overlay: { patches: [{ patch: '', target: { kind: 'X' } }] },
    message: /^spec\.patches\[0\]: patch is empty$/,
  },
  {
    name: 'a JSON patch without a target',
    overlay: { patches: [{ patch: LABEL, target: { kind: 'X' } }, { patch: LABEL }] },
    message: /^spec\.patches\[1\]: a JSON patch must have a target$/,
  },
  {
    name: 'a JSON patch in YAML brackets',
    overlay: { patches: [{ patch: '[{op: add, path: /a, value: 1}]', target: {} }] },
    message: /^spec\.patches\[0\]: .*write JSON/,
  },
  {
    name: 'an unknown operation',
    overlay: { patches: [{ patch: '- {op: put, path: /a}', target: {} }] },
    message: /^spec\.patches\[0\]: operation 1: op must be one of add/,
  },
  {
    name: 'a patch that is text',
    overlay: { patches: [{ patch: 'hello', target: {} }] },
    message: /^spec\.patches\[0\]: a patch is a map/,
  },
  {
    name: 'a merge patch without name',
    overlay: { patches: [{ patch: 'kind: Deployment\nmetadata: {}', target: { kind: 'Deployment' } }] },
    message: /^spec\.patches\[0\]: metadata\.name is missing/,
  },
  {
    name: 'several merge patches with a target',
    overlay: { patches: [{ patch: `${deletion('v1', 'X', 'a')}---\n${deletion('v1', 'X', 'b')}`, target: {} }] },
    message: /^spec\.patches\[0\]: several patches/,
  },
  {
    name: 'a merge patch for an object that is not there',
    overlay: {
      patches: [{ patch: LABEL, target: { kind: 'X' } }, { patch: deletion('apps/v1', 'Deployment', 'gone') }],
    },
    message: /^spec\.patches\[1\]: no resource matches strategic merge patch/,
  },
  {
    name: 'a JSON patch of a field that is not there',
    overlay: { patches: [{ patch: '- {op: remove, path: /spec/gone}', target: { kind: 'Deployment' } }] },
    message: /^spec\.patches\[0\]: .*\/spec\/gone/,
  },
  {
    name: 'a legacy patch that is text',
    overlay: { patchesStrategicMerge: ['hello'] },
    message: /^spec\.patchesStrategicMerge\[0\]: a patch is a map/,
  },
  {
    name: 'an image name that is none',
    overlay: { images: [{ name: 'acme/[web' }] },
    message: /^spec\.images\[0\]: name 'acme\/\[web' is no image name$/,
  },
  {
    name: 'a missing component',
    overlay: { components: ['./gone'] },
    message: /^spec\.components\[0\]: there is no directory '\.\/gone'$/,
  },
  {
    name: 'a remote component',
    overlay: { components: ['https://example.com/x'] },
    message: /^spec\.components\[0\]: component path 'https:\/\/example\.com\/x' must be local and relative$/,
  },
  {
    name: 'a component outside the source',
    overlay: { components: ['../x'] },
    message: /^spec\.components\[0\]: component path '\.\.\/x' leads out of the source$/,
  },
  {
    name: 'a component that is a file',
    overlay: { components: ['web.yaml'] },
    message: /^spec\.components\[0\]: 'web\.yaml' is a file, not a directory$/,
  },
];

for (const { name, overlay, message } of BAD) {
  test(`${name} fails the build with the field's name`, async (t) => {
    const { render, workDir } = await start(t);

    const error = await render(PLAIN, { overlay }).catch((reason: unknown) => reason);

    assert.ok(error instanceof Error);
    assert.match(error.message.replace('kustomize build failed: ', ''), message);
    assert.deepEqual(
      Object.entries(error).filter(([field]) => field === 'code'),
      [['code', 'RENDER_FAILED']],
    );
    assert.ok(!error.message.includes(workDir));
  });
}

function deletion(apiVersion: string, kind: string, name: string): string {
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${name}}\n$patch: delete\n`;
}
