import { posix } from 'node:path';
import type { Tree } from '../model/tree.ts';

/** The same snapshot without the files that an ignore rule excludes: Flux's artifacts do not hold them. */
export function withoutIgnored(tree: Tree, ignored: (path: string) => boolean): Tree {
  return {
    id: tree.id,
    async list(path) {
      const entries = await tree.list(path);
      return entries?.filter((entry) => entry.kind === 'directory' || !ignored(posix.join(path, entry.name)));
    },
    async find(path) {
      const node = await tree.find(path);
      return node && node.kind !== 'directory' && ignored(path) ? undefined : node;
    },
    read: (path) => tree.read(path),
    readLink: (path) => tree.readLink(path),
  };
}
