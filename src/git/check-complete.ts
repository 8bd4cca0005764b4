import { HawserError } from '../errors/hawser-error.ts';
import type { TreeEntry } from '../model/tree.ts';
import type { GitObject, ObjectType } from './git-object.ts';
import type { GitLimits } from './limits.ts';
import { parseCommit } from './parse-commit.ts';

/** What the check reads: the objects of one source. */
export interface CheckedObjects {
  read(id: string): Promise<GitObject>;
  readTree(id: string): Promise<readonly TreeEntry[]>;
  typeOf(id: string): ObjectType | undefined;
}

/** Trees known to be complete, with the number of levels below them; a later check skips them. */
export type CheckedTrees = Map<string, number>;

interface Check {
  readonly objects: CheckedObjects;
  readonly checked: CheckedTrees;
  readonly limits: Pick<GitLimits, 'treeDepth'>;
  /** Told of every object that is newly found to be there. */
  readonly visit?: (id: string) => void;
}

/** Walks a commit's objects, each once; throws GIT_OBJECT_MISSING unless commit, trees and blobs are all there. */
export async function checkComplete(check: Check, sha: string): Promise<void> {
  const commit = await check.objects.read(sha);
  if (commit.type !== 'commit')
    throw new HawserError('GIT_COMMIT_NOT_FOUND', `${sha} is a ${commit.type}, not a commit`);
  check.visit?.(sha);
  await checkTree(check, parseCommit(sha, commit.data).treeId, 0);
}

/** Answers the levels below a tree, so that the depth is bounded also where a known tree is met again. */
async function checkTree(check: Check, id: string, depth: number): Promise<number> {
  const known = check.checked.get(id);
  let levels = known ?? 0;
  if (known === undefined && depth <= check.limits.treeDepth) {
    for (const entry of await check.objects.readTree(id))
      levels = Math.max(levels, await checkEntry(check, entry, depth));
    check.visit?.(id);
    check.checked.set(id, levels);
  }
  if (depth + levels > check.limits.treeDepth) {
    throw new HawserError('GIT_LIMIT_EXCEEDED', `directories are nested deeper than ${check.limits.treeDepth}`);
  }
  return levels;
}

async function checkEntry(check: Check, entry: TreeEntry, depth: number): Promise<number> {
  if (entry.kind === 'submodule') return 0;
  if (entry.kind === 'directory') return 1 + (await checkTree(check, entry.id, depth + 1));
  const type = check.objects.typeOf(entry.id);
  if (type === undefined) throw new HawserError('GIT_OBJECT_MISSING', `object ${entry.id} (${entry.name}) is missing`);
  if (type !== 'blob')
    throw new HawserError('GIT_CONTENT_INVALID', `${entry.name} (${entry.id}) is a ${type}, not a file`);
  check.visit?.(entry.id);
  return 0;
}
