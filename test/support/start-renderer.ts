import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createRenderer, type RendererOptions } from '../../src/render/create-renderer.ts';
import type { Rendered, RenderRequest } from '../../src/render/render-request.ts';
import { findKustomize } from './find-kustomize.ts';
import { createMemoryTree, type MemoryEntry } from './memory-tree.ts';

export type Files = Readonly<Record<string, MemoryEntry>>;

/** A renderer with the real kustomize and a work directory of its own, for one test. */
export async function startRenderer(
  t: TestContext,
  options: Partial<RendererOptions> = {},
): Promise<{ workDir: string; render: (files: Files, request: Partial<RenderRequest>) => Promise<Rendered> }> {
  const base = await mkdtemp(join(tmpdir(), 'hawser-render-'));
  t.after(() => rm(base, { recursive: true, force: true }));
  const workDir = join(base, 'work');
  const renderer = createRenderer({ workDir, kustomizePath: await findKustomize(), ...options });
  t.after(() => renderer.close());
  const signal = new AbortController().signal;
  return {
    workDir,
    async render(files, request) {
      return renderer.render(createMemoryTree(files), { path: './', targetNamespace: undefined, ...request }, signal);
    },
  };
}
