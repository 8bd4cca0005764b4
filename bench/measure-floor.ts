import { randomUUID } from 'node:crypto';
import { createGitClient, type GitClient } from '../src/git/create-git-client.ts';
import type { KubeClient } from '../src/kube/kube-client.ts';
import type { KubeObject } from '../src/model/kube-object.ts';

interface FloorDeps {
  readonly client: KubeClient;
  readonly dataDir: string;
  readonly url: string;
}

/** The least that a push can cost on these servers: one fetch of the commit, then its objects by bare server-side apply. */
export interface Floor {
  /** Milliseconds for the fetch and the applies of one commit. */
  measure(sha: string, objects: readonly KubeObject[]): Promise<number>;
  stop(): Promise<void>;
}

export function createFloor({ client, dataDir, url }: FloorDeps): Floor {
  const git: GitClient = createGitClient({ dataDir });
  const sourceUid = randomUUID();
  const { signal } = new AbortController();
  let have: string | undefined;
  return {
    async measure(sha, objects) {
      const startedAt = performance.now();
      await git.ensure({ sourceUid, remote: { url, timeoutMs: 10_000 }, sha, have }, signal);
      await Promise.all(objects.map((object) => client.apply(object, { fieldManager: 'floor' })));
      have = sha;
      return performance.now() - startedAt;
    },
    stop: () => git.close(),
  };
}
