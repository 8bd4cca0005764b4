import type { Tree, TreeEntry } from '../model/tree.ts';

/** Prefixes arranged by the names they are made of. */
interface PrefixNode {
  /** Prefixes, as the caller wrote them, that end here. */
  readonly ending: string[];
  readonly children: Map<string, PrefixNode>;
}

interface Comparison {
  readonly before: Tree;
  readonly after: Tree;
  readonly changed: Set<string>;
}

/**
 * Which of these directories differ between two trees, by comparing ids from the root down, so that each directory
 * on the way is read once for all prefixes, and nothing below equal ones. `''` stands for the whole tree.
 */
export async function changedPrefixes(before: Tree, after: Tree, prefixes: readonly string[]): Promise<Set<string>> {
  const changed = new Set<string>();
  if (before.id === after.id) return changed;
  await compareBelow({ before, after, changed }, arrange(prefixes), '');
  return changed;
}

/** Both trees have a directory at this path, with different ids. */
async function compareBelow(comparison: Comparison, node: PrefixNode, path: string): Promise<void> {
  for (const prefix of node.ending) comparison.changed.add(prefix);
  if (node.children.size === 0) return;
  const before = byName(await comparison.before.list(path));
  const after = byName(await comparison.after.list(path));
  for (const [name, child] of node.children) {
    const below = path === '' ? name : `${path}/${name}`;
    await compareEntry(comparison, { child, below, old: before.get(name), now: after.get(name) });
  }
}

interface EntryPair {
  readonly child: PrefixNode;
  readonly below: string;
  readonly old: TreeEntry | undefined;
  readonly now: TreeEntry | undefined;
}

async function compareEntry(comparison: Comparison, { child, below, old, now }: EntryPair): Promise<void> {
  if (old?.kind !== 'directory' || now?.kind !== 'directory') return compareOneByOne(comparison, child);
  if (old.id !== now.id) await compareBelow(comparison, child, below);
}

/** What a symlink leads to may change while the link does not: each prefix is looked up on its own. */
async function compareOneByOne({ before, after, changed }: Comparison, node: PrefixNode): Promise<void> {
  for (const prefix of allOf(node)) {
    const [old, now] = await Promise.all([idAt(before, prefix), idAt(after, prefix)]);
    if (old !== now) changed.add(prefix);
  }
}

/** A path that cannot be resolved has no id; the sync that needs it will say why. */
async function idAt(tree: Tree, path: string): Promise<string | undefined> {
  return (await tree.find(path).catch(() => undefined))?.id;
}

function arrange(prefixes: readonly string[]): PrefixNode {
  const root = createNode();
  for (const prefix of prefixes) {
    let node = root;
    for (const name of prefix.split('/').filter((part) => part !== '' && part !== '.')) {
      const child = node.children.get(name) ?? createNode();
      node.children.set(name, child);
      node = child;
    }
    node.ending.push(prefix);
  }
  return root;
}

function createNode(): PrefixNode {
  return { ending: [], children: new Map() };
}

function* allOf(node: PrefixNode): Generator<string> {
  yield* node.ending;
  for (const child of node.children.values()) yield* allOf(child);
}

function byName(entries: readonly TreeEntry[] | undefined): Map<string, TreeEntry> {
  return new Map(entries?.map((entry) => [entry.name, entry]));
}
