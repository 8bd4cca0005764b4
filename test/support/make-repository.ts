import { execFile } from 'node:child_process';
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type GitServer, ISOLATED_GIT_ENV } from './start-git-server.ts';

const run = promisify(execFile);

/** Path → content; `null` removes the file. */
export type FileChanges = Readonly<
  Record<string, string | null | { readonly symlink: string } | { readonly content: string; readonly mode: number }>
>;

/** A bare repository on the git server, with a work tree in which commits are made; on branch `main` at first. */
export interface Repository {
  readonly name: string;
  readonly url: string;
  /** The bare repository's directory. */
  readonly path: string;
  /** Commits the changes on the current branch and answers the commit's sha; nothing is pushed yet. */
  commit(files: FileChanges, message?: string): Promise<string>;
  /** Pushes the current branch. */
  push(options?: { readonly force?: boolean }): Promise<void>;
  commitAndPush(files: FileChanges, message?: string): Promise<string>;
  resetHard(rev: string): Promise<void>;
  /** The sha of the current commit. */
  head(): Promise<string>;
  /** Switches to a branch, made from the current commit if it is new. */
  branch(name: string): Promise<void>;
  /** Switches to a new branch without any history. */
  orphan(name: string): Promise<void>;
  /** Makes an annotated tag of the current commit and pushes it. */
  tag(name: string): Promise<void>;
  /** Deletes a branch on the server. */
  deleteBranch(name: string): Promise<void>;
  /** Runs git in the work tree and answers its output, trimmed. */
  git(...args: string[]): Promise<string>;
}

/** Makes an empty repository on the server; it is removed with the server. */
export async function makeRepository(
  server: Pick<GitServer, 'root' | 'repositoryUrl'>,
  name: string,
  options: { readonly objectFormat?: 'sha1' | 'sha256' } = {},
): Promise<Repository> {
  const bare = join(server.root, `${name}.git`);
  const workTree = join(server.root, '.work', name);
  const format = `--object-format=${options.objectFormat ?? 'sha1'}`;
  await mkdir(workTree, { recursive: true });
  await git(server.root, ['init', '--quiet', '--bare', format, '-b', 'main', bare]);
  await git(workTree, ['init', '--quiet', format, '-b', 'main']);

  const here = (...args: string[]) => git(workTree, args);
  const head = () => here('rev-parse', 'HEAD');
  const commit = async (files: FileChanges, message = 'Change') => {
    for (const [path, change] of Object.entries(files)) await writeChange(join(workTree, path), change);
    await here('add', '--all', '--force');
    await here('commit', '--quiet', '--allow-empty', '--no-gpg-sign', '-m', message);
    return head();
  };
  const push = async ({ force = false } = {}) => {
    await here('push', '--quiet', ...(force ? ['--force'] : []), bare, 'HEAD');
  };

  return {
    name,
    url: server.repositoryUrl(name),
    path: bare,
    commit,
    push,
    commitAndPush: async (files, message) => {
      const sha = await commit(files, message);
      await push();
      return sha;
    },
    resetHard: async (rev) => void (await here('reset', '--quiet', '--hard', rev)),
    head,
    branch: async (branch) => {
      const known = await here('branch', '--list', branch);
      await here('checkout', '--quiet', ...(known === '' ? ['-b'] : []), branch);
    },
    orphan: async (branch) => {
      await here('checkout', '--quiet', '--orphan', branch);
      await here('rm', '-r', '--force', '--quiet', '--ignore-unmatch', '.');
    },
    tag: async (tag) => {
      await here('tag', '-a', '-m', tag, tag);
      await here('push', '--quiet', bare, `refs/tags/${tag}`);
    },
    deleteBranch: async (branch) => void (await here('push', '--quiet', bare, `:refs/heads/${branch}`)),
    git: here,
  };
}

async function writeChange(path: string, change: FileChanges[string]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (change === null || typeof change === 'object') await rm(path, { recursive: true, force: true });
  if (change === null) return;
  if (typeof change === 'string') return writeFile(path, change);
  if ('symlink' in change) return symlink(change.symlink, path);
  await writeFile(path, change.content);
  await chmod(path, change.mode);
}

async function git(cwd: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run('git', ['-C', cwd, ...args], { env: ISOLATED_GIT_ENV, maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}
