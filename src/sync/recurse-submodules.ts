import { createHash } from 'node:crypto';
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import type { GitRemote } from '../git/create-git-client.ts';
import { findPlain, type Mount, mountTrees, toPlainPath } from '../git/layer-trees.ts';
import { parseGitmodules, type Submodule } from '../git/parse-gitmodules.ts';
import { toSubmoduleRemote } from '../git/submodule-remote.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { Tree } from '../model/tree.ts';
import type { SyncDeps } from './deps.ts';
import { uidOf } from './source-memory.ts';

interface Recursion {
  readonly source: GitRepository;
  readonly remote: GitRemote;
  readonly tree: Tree;
  /** Only what lies in these, or on the way to them, is wanted; everything if undefined. */
  readonly directories: readonly string[] | undefined;
}

const MODULES_FILE = '.gitmodules';
const MOST_BYTES = 1024 * 1024;
const MOST_SUBMODULES = 64;
const MOST_NAMED = 1_000;
const DEEPEST = 8;

/**
 * Fetches the submodules of a commit, and theirs, each at the commit that its parent names, and puts their files where they
 * belong. Throws GIT_SUBMODULE_INVALID, and what fetching throws with the submodule's path before it.
 */
export async function recurseSubmodules(
  deps: Pick<SyncDeps, 'git'>,
  { source, remote, tree, directories }: Recursion,
  signal: AbortSignal,
): Promise<Tree> {
  const budget = { submodules: MOST_SUBMODULES };
  const isWanted = (path: string) =>
    !directories || directories.some((directory) => isWithin(path, directory) || isWithin(directory, path));
  const open = async (module: Pinned, parent: GitRemote, depth: number): Promise<Tree> => {
    const from = toSubmoduleRemote(parent, module);
    const sourceUid = `${uidOf(source)}.${digestOf(from.url)}`;
    await deps.git.ensure({ sourceUid, remote: from, sha: module.sha }, signal);
    return await descend((await deps.git.open(sourceUid, module.sha)).tree, { remote: from, at: module.path, depth });
  };
  const descend = async (parent: Tree, level: Level): Promise<Tree> => {
    const found = await listSubmodules(parent, level);
    const wanted = found.filter(({ path }) => isWanted(path));
    if (wanted.length > 0 && level.depth >= DEEPEST) {
      throw invalid(`submodules are nested deeper than ${DEEPEST}, at '${level.at}'`);
    }
    budget.submodules -= wanted.length;
    if (budget.submodules < 0) throw invalid(`there are more than ${MOST_SUBMODULES} submodules`);
    const mounts: Mount[] = [];
    for (const module of wanted) {
      const content = await open(module, level.remote, level.depth + 1).catch((error) => nameSubmodule(error, module));
      mounts.push({ path: module.inner, tree: content, from: '', id: content.id });
    }
    return mountTrees(parent, mounts);
  };
  return await descend(tree, { remote, at: '', depth: 0 });
}

interface Level {
  readonly remote: GitRemote;
  /** Where this tree stands in the whole. */
  readonly at: string;
  readonly depth: number;
}

interface Pinned extends Submodule {
  /** Within the parent. */
  readonly inner: string;
  /** The commit that the parent names. */
  readonly sha: string;
}

/** What `.gitmodules` names and the tree has; as git, what only one of them knows is no submodule. */
async function listSubmodules(tree: Tree, { at }: Level): Promise<Pinned[]> {
  const file = await findPlain(tree, MODULES_FILE);
  if (!file) return [];
  if (file.kind !== 'file') throw invalid(`'${join(at, MODULES_FILE)}' is no file`);
  const content = await tree.read(MODULES_FILE);
  if (content.length > MOST_BYTES) throw invalid(`'${join(at, MODULES_FILE)}' is larger than ${MOST_BYTES} bytes`);
  const found = new Map<string, Pinned>();
  const named = parseGitmodules(content.toString('utf8'));
  if (named.length > MOST_NAMED) throw invalid(`'${join(at, MODULES_FILE)}' names more than ${MOST_NAMED} submodules`);
  for (const { path, url } of named) {
    const inner = toPlainPath(path);
    if (!inner || path.startsWith('/'))
      throw invalid(`the path ${JSON.stringify(path)} in .gitmodules leads elsewhere`);
    const entry = await findPlain(tree, inner);
    if (entry?.kind === 'submodule') found.set(inner, { path: join(at, inner), inner, url, sha: entry.id });
  }
  return [...found.values()];
}

function nameSubmodule(error: unknown, { path }: Pinned): never {
  if (!(error instanceof HawserError) || error.code === 'GIT_SUBMODULE_INVALID') throw error;
  throw new HawserError(error.code, `submodule '${path}': ${messageOf(error)}`, {
    cause: error,
    disposition: error.disposition,
    ...(error.retryAt && { retryAt: error.retryAt }),
  });
}

function invalid(problem: string): HawserError {
  return new HawserError(
    'GIT_SUBMODULE_INVALID',
    `${problem}: correct .gitmodules, or set spec.recurseSubmodules to false`,
  );
}

function digestOf(url: string): string {
  return createHash('sha256').update(url).digest('hex').slice(0, 32);
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

function join(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}
