import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import type { Tree } from '../model/tree.ts';
import type { Closure, ClosureFile } from './collect-closure.ts';
import { renderFailed } from './render-error.ts';
import type { RenderLimits } from './render-limits.ts';
import type { BuildDecryptor } from './render-request.ts';

/** What a build reads, from where, and with what it is decrypted. */
export interface BuildInput {
  readonly closure: Closure;
  readonly tree: Tree;
  readonly decryptor?: BuildDecryptor | undefined;
}

/** Writes the files and symlinks of a build below an empty directory. Throws RENDER_FAILED if they are too large. */
export async function materializeClosure(
  input: BuildInput,
  { root, limits }: { root: string; limits: RenderLimits },
): Promise<void> {
  const { closure } = input;
  if (closure.files.size > limits.files) throw renderFailed(`a build may read at most ${limits.files} files`);
  let bytes = 0;
  const made = new Set<string>();
  const makeDirectory = async (path: string): Promise<void> => {
    if (made.has(path)) return;
    await mkdir(path, { recursive: true, mode: 0o700 });
    made.add(path);
  };
  for (const [path, file] of closure.files) {
    const content = await contentOf(input, path, file);
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

async function contentOf({ tree, decryptor }: BuildInput, path: string, file: ClosureFile): Promise<Buffer> {
  if (file.kind === 'written') return Buffer.from(file.text);
  const content = await tree.read(path);
  if (!decryptor || file.decryptAs === undefined) return content;
  const ending = posix.basename(file.decryptAs);
  return decryptor.decryptFile(posix.basename(path) === ending ? path : `${path} as ${ending}`, content);
}
