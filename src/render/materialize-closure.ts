import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Closure } from './collect-closure.ts';
import { renderFailed } from './render-error.ts';
import type { RenderLimits } from './render-limits.ts';
import type { Tree } from './tree.ts';

/** Writes the files and symlinks of a build below an empty directory. Throws RENDER_FAILED if they are too large. */
export async function materializeClosure(
  closure: Closure,
  tree: Tree,
  { root, limits }: { root: string; limits: RenderLimits },
): Promise<void> {
  if (closure.files.size > limits.files) throw renderFailed(`a build may read at most ${limits.files} files`);
  let bytes = 0;
  const made = new Set<string>();
  const makeDirectory = async (path: string): Promise<void> => {
    if (made.has(path)) return;
    await mkdir(path, { recursive: true, mode: 0o700 });
    made.add(path);
  };
  for (const [path, file] of closure.files) {
    const content = file.kind === 'written' ? Buffer.from(file.text) : await tree.read(path);
    bytes += content.length;
    if (bytes > limits.bytes) throw renderFailed(`a build may read at most ${limits.bytes} bytes`);
    await makeDirectory(dirname(join(root, path)));
    await writeFile(join(root, path), content, { flag: 'wx', mode: 0o600 });
  }
  for (const [path, target] of closure.links) {
    await makeDirectory(dirname(join(root, path)));
    await symlink(target, join(root, path));
  }
}
