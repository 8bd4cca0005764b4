import { HawserError } from '../errors/hawser-error.ts';
import type { GitRemote } from '../git/create-git-client.ts';
import { findPlain, selectDirectories, toPlainPath } from '../git/layer-trees.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { Artifact } from '../model/resource-schema.ts';
import type { Tree } from '../model/tree.ts';
import type { SyncDeps } from './deps.ts';
import { includeArtifacts } from './include-artifacts.ts';
import { recurseSubmodules } from './recurse-submodules.ts';

/** What a source's spec makes of a commit's files. */
export interface ComposedTree {
  /** The files, before any are ignored. */
  readonly tree: Tree;
  /** The artifacts that were included, in the order of `spec.include`. */
  readonly included: readonly Artifact[];
}

interface Composition {
  readonly source: GitRepository;
  readonly remote: GitRemote;
  /** Of the commit. */
  readonly tree: Tree;
}

/** Adds submodules, leaves out what `spec.sparseCheckout` does not name, and adds what `spec.include` does. */
export async function composeTree(
  deps: SyncDeps,
  { source, remote, tree }: Composition,
  signal: AbortSignal,
): Promise<ComposedTree> {
  const directories = toDirectories(source.spec.sparseCheckout ?? []);
  const whole = source.spec.recurseSubmodules
    ? await recurseSubmodules(deps, { source, remote, tree, directories }, signal)
    : tree;
  return await includeArtifacts(deps, { source, tree: await keepDirectories(whole, directories) }, signal);
}

const MOST_DIRECTORIES = 1_000;

/** Without any, or with the root among them, everything is wanted: undefined. */
function toDirectories(sparse: readonly string[]): readonly string[] | undefined {
  if (sparse.length > MOST_DIRECTORIES) {
    throw new HawserError(
      'GIT_DIRECTORY_NOT_FOUND',
      `failed to sparse checkout directories : spec.sparseCheckout names more than ${MOST_DIRECTORIES}`,
      { disposition: 'stalled' },
    );
  }
  const paths = sparse.map((text) => toPlainPath(text) ?? refuse(text));
  return paths.length === 0 || paths.includes('') ? undefined : paths;
}

async function keepDirectories(tree: Tree, directories: readonly string[] | undefined): Promise<Tree> {
  if (!directories) return tree;
  for (const path of directories) if ((await findPlain(tree, path))?.kind !== 'directory') refuse(path);
  return selectDirectories(tree, directories);
}

/** In Flux's words. */
function refuse(path: string): never {
  throw new HawserError(
    'GIT_DIRECTORY_NOT_FOUND',
    `failed to sparse checkout directories : '${path}' is no directory of the commit: correct spec.sparseCheckout`,
  );
}
