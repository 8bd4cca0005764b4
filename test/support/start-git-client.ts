import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  createGitClient,
  type GitClient,
  type GitClientOptions,
  type GitEvent,
} from '../../src/git/create-git-client.ts';
import type { GitRemote } from '../../src/git/git-remote.ts';
import { makeRepository, type Repository } from './make-repository.ts';
import { type GitServer, type GitServerOptions, startGitServer } from './start-git-server.ts';

/** A git client with a data directory, a git server and a repository of its own, all gone when the test ends. */
export interface GitBench {
  readonly server: GitServer;
  readonly repository: Repository;
  readonly remote: GitRemote;
  readonly client: GitClient;
  readonly events: readonly GitEvent[];
  readonly dataDir: string;
  readonly storePath: string;
  /** Makes this commit present for the bench's source. */
  ensure(sha: string): Promise<void>;
  /** Reads a file of a stored commit as text. */
  readFile(sha: string, path: string): Promise<string>;
  /** Another client on the same data directory, after the first was closed: a restart. */
  restart(): Promise<GitBench>;
  /** The store's file as it stands. */
  readStore(): Promise<Buffer>;
  /** How many requests of a service the server has seen. */
  countRequests(service: string): number;
}

export const SOURCE_UID = '2f0c8f0e-5a3f-4b8e-9a55-000000000001';

/** Starts all of it; the repository is empty. */
export async function startGitBench(
  t: TestContext,
  options: Partial<GitClientOptions> & GitServerOptions = {},
): Promise<GitBench> {
  const server = await startGitServer(options);
  t.after(() => server.stop());
  const dataDir = await mkdtemp(join(tmpdir(), 'hawser-git-client-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  return openBench(t, { server, repository: await makeRepository(server, 'acme/app'), dataDir, options });
}

interface Ground {
  readonly server: GitServer;
  readonly repository: Repository;
  readonly dataDir: string;
  readonly options: Partial<GitClientOptions>;
}

function openBench(t: TestContext, ground: Ground): GitBench {
  const { server, repository, dataDir, options } = ground;
  const events: GitEvent[] = [];
  const client = createGitClient({ dataDir, observe: (event) => events.push(event), ...options });
  t.after(() => client.close());
  const remote = { url: repository.url, timeoutMs: 20_000 };
  const storePath = join(dataDir, 'git', `${SOURCE_UID}.objects`);
  return {
    ...{ server, repository, remote, client, events, dataDir, storePath },
    ensure: (sha) => client.ensure({ sourceUid: SOURCE_UID, remote, sha }, new AbortController().signal),
    readFile: async (sha, path) => (await (await client.open(SOURCE_UID, sha)).tree.read(path)).toString(),
    restart: async () => {
      await client.close();
      return openBench(t, ground);
    },
    readStore: () => readFile(storePath),
    countRequests: (service) => server.requests.filter((request) => request.service === service).length,
  };
}
