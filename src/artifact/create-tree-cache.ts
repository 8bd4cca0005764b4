import type { Tree } from '../model/tree.ts';

/** Trees by digest, the least recently used ones dropped; bounded by the bytes they hold in memory. */
export interface TreeCache {
  get(digest: string): Tree | undefined;
  set(digest: string, tree: Tree, bytes: number): void;
  clear(): void;
}

export function createTreeCache(maxBytes: number): TreeCache {
  const trees = new Map<string, { readonly tree: Tree; readonly bytes: number }>();
  let total = 0;

  function remove(digest: string): void {
    total -= trees.get(digest)?.bytes ?? 0;
    trees.delete(digest);
  }

  return {
    get(digest) {
      const found = trees.get(digest);
      if (!found) return undefined;
      trees.delete(digest);
      trees.set(digest, found);
      return found.tree;
    },
    set(digest, tree, bytes) {
      remove(digest);
      if (bytes > maxBytes) return;
      trees.set(digest, { tree, bytes });
      total += bytes;
      for (const oldest of trees.keys()) {
        if (total <= maxBytes) return;
        remove(oldest);
      }
    },
    clear() {
      trees.clear();
      total = 0;
    },
  };
}
