import { mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocatedObject } from '../manifest/parse-manifests.ts';
import { findProgram } from './find-program.ts';
import { type BuildInput, materializeClosure } from './materialize-closure.ts';
import { parseInSlices } from './parse-in-slices.ts';
import type { RenderLimits } from './render-limits.ts';
import { runKustomize } from './run-kustomize.ts';

export interface KustomizeOptions {
  readonly workDir: string;
  readonly kustomizePath: string;
  readonly searchPath: string;
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  readonly maxMemoryBytes: number;
  readonly limits: RenderLimits;
}

export interface BuiltKustomization {
  readonly objects: readonly LocatedObject[];
  readonly bytes: number;
  readonly warnings: readonly string[];
}

const BUILD_PREFIX = 'build-';

/** Makes the work directory and removes what a killed predecessor left there; it belongs to one renderer. */
export async function prepareWorkDir(workDir: string): Promise<void> {
  await mkdir(workDir, { recursive: true, mode: 0o700 });
  for (const name of await readdir(workDir)) {
    if (name.startsWith(BUILD_PREFIX)) await rm(join(workDir, name), { recursive: true, force: true });
  }
}

/** Builds a closure with kustomize in a private directory that is gone afterwards, whatever happens. */
export async function renderKustomization(
  options: KustomizeOptions,
  build: BuildInput & { readonly directory: string },
  signal: AbortSignal,
): Promise<BuiltKustomization> {
  const base = await realpath(await mkdtemp(join(options.workDir, BUILD_PREFIX)));
  try {
    const root = join(base, 'source');
    const home = join(base, 'home');
    await mkdir(root);
    await mkdir(home);
    const kustomizePath = await findProgram(options.kustomizePath, options.searchPath);
    await materializeClosure(build, { root, limits: options.limits });
    const { output, warnings } = await runKustomize(
      { ...options, kustomizePath, root, home, directory: build.directory },
      signal,
    );
    const objects = await parseInSlices(output, { file: `kustomize build ${build.directory || '.'}` });
    return { objects, bytes: output.length, warnings };
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}
