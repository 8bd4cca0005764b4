import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitServer } from '../test/support/start-git-server.ts';
import type { Screen } from './screen.ts';
import { createShell, type Shell } from './shell.ts';

/** A clone of the repository that is deployed, as a developer has one. */
export interface WorkTree {
  /** `owner/name`. */
  readonly repository: string;
  readonly url: string;
  readonly dir: string;
  /** The repository itself, on the server. */
  readonly bareDir: string;
  /** Runs commands in the clone. */
  readonly shell: Shell;
}

interface WorkTreeOptions {
  readonly server: Pick<GitServer, 'root' | 'repositoryUrl'>;
  readonly repository: string;
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly screen: Screen;
}

/** Makes an empty repository on the server, which takes pushes over HTTP, and clones it. */
export async function makeWorkTree({ server, repository, dir, env, screen }: WorkTreeOptions): Promise<WorkTree> {
  const url = server.repositoryUrl(repository);
  const bareDir = join(server.root, `${repository}.git`);
  const shell = createShell({ cwd: dir, env, screen });
  await mkdir(dir);
  await shell.run('git', 'init', '--quiet', '--bare', '--initial-branch=main', bareDir);
  await shell.run('git', '-C', bareDir, 'config', 'http.receivepack', 'true');
  await shell.run('git', '-c', 'init.defaultBranch=main', 'clone', '--quiet', url, '.');
  // Whoever plays on with the clone may have told git no name yet.
  await shell.run('git', 'config', 'user.name', 'Ada Author');
  await shell.run('git', 'config', 'user.email', 'ada@example.com');
  return { repository, url, dir, bareDir, shell };
}
