import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { parseManifests } from '../../src/manifest/parse-manifests.ts';
import { formatSubject, type KubeObject, refOf } from '../../src/model/kube-object.ts';
import { concludeObjects } from '../../src/render/conclude-objects.ts';
import { RENDER_LIMITS } from '../../src/render/render-limits.ts';
import type { MemoryEntry } from './memory-tree.ts';

const RUN = promisify(execFile);
/** A program that is away, or a build that hangs, must not pass for a kustomization that cannot be built. */
const TIMEOUT_MS = 120_000;

/** What the plain kustomize program builds of a directory on disk, remote bases out of reach. */
export async function buildDirectory(kustomizePath: string, directory: string): Promise<readonly KubeObject[]> {
  const home = await mkdtemp(join(tmpdir(), 'hawser-reference-home-'));
  try {
    const { stdout } = await RUN(kustomizePath, ['build', '--load-restrictor', 'LoadRestrictionsNone', directory], {
      env: { PATH: '', HOME: home, XDG_CONFIG_HOME: home, TMPDIR: home },
      maxBuffer: 256 * 1024 * 1024,
      timeout: TIMEOUT_MS,
    });
    return parseManifests(stdout, { file: 'kustomize' });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** As `buildDirectory`, for files given as data; `directory` is the one of the kustomization. */
export async function buildFiles(
  kustomizePath: string,
  files: Readonly<Record<string, string>>,
  directory: string,
): Promise<readonly KubeObject[]> {
  const root = await mkdtemp(join(tmpdir(), 'hawser-reference-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    }
    return await buildDirectory(kustomizePath, join(root, directory));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Every file below a directory as entries of a memory tree; symlinks as they are, never followed. */
export async function readFiles(root: string, below = ''): Promise<Record<string, MemoryEntry>> {
  const files: Record<string, MemoryEntry> = {};
  for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (entry.isSymbolicLink()) files[path] = { symlink: await readlink(join(root, path)) };
    else if (entry.isFile()) files[path] = await readFile(join(root, path));
    else if (entry.isDirectory() && entry.name !== '.git') Object.assign(files, await readFiles(root, path));
  }
  return files;
}

/** Objects in the shape that renders give them. */
export async function toConcluded(objects: readonly KubeObject[]): Promise<readonly KubeObject[]> {
  const located = objects.map((object, index) => ({ object, file: 'kustomize', document: index + 1 }));
  return (await concludeObjects(located, RENDER_LIMITS)).objects;
}

/** Objects by name: kustomize sorts by kind where it is told to, and we leave the order to apply. */
export function sorted(objects: readonly KubeObject[]): readonly KubeObject[] {
  return objects.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function keyOf(object: KubeObject): string {
  return `${object.apiVersion} ${formatSubject(refOf(object))}`;
}
