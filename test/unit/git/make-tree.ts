import { createTree } from '../../../src/git/create-tree.ts';
import { computeObjectId } from '../../../src/git/git-object.ts';
import type { Tree, TreeEntry } from '../../../src/model/tree.ts';

/** A directory as plain data: text is a file. */
export interface Directory {
  readonly [name: string]: string | Directory | { readonly symlink: string };
}

/** A tree over plain data, with ids as git would give them to equal content. */
export function makeTree(root: Directory): Tree {
  const trees = new Map<string, readonly TreeEntry[]>();
  const blobs = new Map<string, Buffer>();
  const addBlob = (text: string) => {
    const data = Buffer.from(text);
    const id = computeObjectId('blob', data);
    blobs.set(id, data);
    return id;
  };
  const toEntry = (name: string, content: Directory[string]): TreeEntry => {
    if (typeof content === 'string') return { name, kind: 'file', executable: false, id: addBlob(content) };
    if (typeof content.symlink === 'string') {
      return { name, kind: 'symlink', executable: false, id: addBlob(content.symlink) };
    }
    return { name, kind: 'directory', executable: false, id: addTree(content as Directory) };
  };
  const addTree = (directory: Directory): string => {
    const entries = Object.entries(directory).map(([name, content]) => toEntry(name, content));
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    const id = computeObjectId('tree', Buffer.from(JSON.stringify(entries)));
    trees.set(id, entries);
    return id;
  };
  const reader = {
    readTree: (id: string) => Promise.resolve(trees.get(id) ?? []),
    readBlob: (id: string) => Promise.resolve(blobs.get(id) ?? Buffer.alloc(0)),
    readLink: (id: string) => Promise.resolve(String(blobs.get(id))),
  };
  return createTree(reader, addTree(root));
}
