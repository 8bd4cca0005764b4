import { createHash } from 'node:crypto';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { TreeEntry } from '../model/tree.ts';
import type { ArtifactLimits } from './artifact-limits.ts';
import type { DirectoryNode, FileNode, SymlinkNode } from './artifact-tree.ts';
import { invalidArtifact, quoteName } from './invalid-artifact.ts';

/** Collects the entries of an archive, in its order; every method throws ARTIFACT_INVALID for what may not be. */
export interface TreeBuilder {
  addDirectory(path: string): void;
  /** Replaces a file or symlink of this name: as when unpacking to disk, the last one wins. */
  addFile(path: string, file: { readonly content: Buffer; readonly executable: boolean }): void;
  addSymlink(path: string, target: string): void;
  /** A second name for a file that came earlier. */
  addHardLink(path: string, target: string): void;
  /** The finished root. Ids are those of Git's objects, but by SHA-256: content decides them, and nothing else. */
  build(): Promise<DirectoryNode>;
}

type Leaf = FileNode | SymlinkNode;

interface Draft {
  readonly kind: 'draft';
  readonly children: Map<string, Draft | Leaf>;
}

const MAX_NAME_BYTES = 255;
const MODES = { file: '100644', executable: '100755', symlink: '120000', directory: '40000' } as const;
/** So many entries are hashed before other work gets its turn. */
const ENTRIES_PER_TURN = 2_000;

export function createTreeBuilder(limits: Pick<ArtifactLimits, 'entries' | 'pathBytes' | 'depth'>): TreeBuilder {
  const root = createDraft();
  let entries = 0;

  function countEntry(): void {
    entries += 1;
    if (entries > limits.entries) throw invalidArtifact(`it has more than ${limits.entries} entries`);
  }

  function enter(parent: Draft, name: string, path: string): Draft {
    const known = parent.children.get(name);
    if (known?.kind === 'draft') return known;
    if (known) throw invalidArtifact(`${quoteName(path)} goes through ${quoteName(name)}, which is a ${known.kind}`);
    countEntry();
    const made = createDraft();
    parent.children.set(name, made);
    return made;
  }

  function enterAll(names: readonly string[], path: string): Draft {
    return names.reduce((parent, name) => enter(parent, name, path), root);
  }

  function put(path: string, leaf: Leaf): void {
    const names = splitEntryPath(path, limits);
    const name = names.pop();
    if (name === undefined) throw invalidArtifact(`its root is a ${leaf.kind}`);
    countEntry();
    const { children } = enterAll(names, path);
    if (children.get(name)?.kind === 'draft') {
      throw invalidArtifact(`${quoteName(path)} is both a directory and a ${leaf.kind}`);
    }
    children.set(name, leaf);
  }

  function findLeaf(path: string): Leaf | undefined {
    let found: Draft | Leaf | undefined = root;
    for (const name of splitEntryPath(path, limits)) {
      found = found?.kind === 'draft' ? found.children.get(name) : undefined;
    }
    return found?.kind === 'draft' ? undefined : found;
  }

  return {
    addDirectory: (path) => {
      enterAll(splitEntryPath(path, limits), path);
    },
    addFile: (path, { content, executable }) => {
      put(path, { kind: 'file', executable, id: computeId('blob', [content]), content });
    },
    addSymlink: (path, target) => {
      if (target === '') throw invalidArtifact(`symbolic link ${quoteName(path)} points nowhere`);
      if (Buffer.byteLength(target) > limits.pathBytes) {
        throw invalidArtifact(`symbolic link ${quoteName(path)} is longer than ${limits.pathBytes} bytes`);
      }
      put(path, { kind: 'symlink', executable: false, id: computeId('blob', [Buffer.from(target)]), target });
    },
    addHardLink: (path, target) => {
      const leaf = findLeaf(target);
      if (!leaf) throw invalidArtifact(`hard link ${quoteName(path)} has no file ${quoteName(target)} before it`);
      put(path, leaf);
    },
    build: () => finishDirectory(root, { hashed: 0 }),
  };
}

function createDraft(): Draft {
  return { kind: 'draft', children: new Map() };
}

/** The names of an entry's path; `./` and doubled slashes mean nothing, everything that could lead out is refused. */
function splitEntryPath(path: string, limits: Pick<ArtifactLimits, 'pathBytes' | 'depth'>): string[] {
  if (Buffer.byteLength(path) > limits.pathBytes) {
    throw invalidArtifact(`the path of ${quoteName(path)} is longer than ${limits.pathBytes} bytes`);
  }
  if (path.startsWith('/')) throw invalidArtifact(`${quoteName(path)} leads out of it`);
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.length > limits.depth) {
    throw invalidArtifact(`${quoteName(path)} is more than ${limits.depth} levels deep`);
  }
  const problem = names.map(findNameProblem).find((found) => found !== undefined);
  if (problem !== undefined) throw invalidArtifact(`${quoteName(path)} ${problem}`);
  return names;
}

function findNameProblem(name: string): string | undefined {
  if (name === '..') return 'leads out of it';
  if (name.includes('\0')) return 'holds a zero byte';
  // What stands for bytes that are no UTF-8: two such names could be taken for one.
  if (name.includes('\ufffd')) return 'is not UTF-8';
  return Buffer.byteLength(name) > MAX_NAME_BYTES ? `has a name longer than ${MAX_NAME_BYTES} bytes` : undefined;
}

async function finishDirectory(draft: Draft, progress: { hashed: number }): Promise<DirectoryNode> {
  const children = new Map<string, Leaf | DirectoryNode>();
  const entries: TreeEntry[] = [];
  const records: Buffer[] = [];
  for (const [name, child] of [...draft.children].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const node = child.kind === 'draft' ? await finishDirectory(child, progress) : child;
    children.set(name, node);
    entries.push({ name, kind: node.kind, executable: node.executable, id: node.id });
    records.push(toRecord(name, node));
    progress.hashed += 1;
    if (progress.hashed % ENTRIES_PER_TURN === 0) await yieldToLoop();
  }
  return { kind: 'directory', executable: false, id: computeId('tree', records), entries, children };
}

function toRecord(name: string, { kind, executable, id }: Leaf | DirectoryNode): Buffer {
  return Buffer.from(`${MODES[executable ? 'executable' : kind]} ${name}\0${id}`);
}

function computeId(type: 'blob' | 'tree', parts: readonly Buffer[]): string {
  const hash = createHash('sha256').update(`${type} ${parts.reduce((sum, { length }) => sum + length, 0)}\0`);
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
