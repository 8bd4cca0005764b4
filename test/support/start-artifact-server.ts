import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a source's status says of an artifact, as another controller would write it. */
export interface PublishedArtifact {
  readonly path: string;
  readonly url: string;
  readonly revision: string;
  readonly digest: string;
  readonly size: number;
  readonly lastUpdateTime: string;
}

/** Serves artifacts as a source-controller does: a tarball per revision, at a URL that its source's status names. */
export interface ArtifactServer {
  /** Packs files with the system's tar and serves them. */
  publish(revision: string, files: Readonly<Record<string, string>>): Promise<PublishedArtifact>;
  /** Serves an artifact no longer. */
  withdraw(artifact: PublishedArtifact): Promise<void>;
}

/** Starts a server that ends with the test. */
export async function startArtifactServer(t: Pick<TestContext, 'after'>): Promise<ArtifactServer> {
  const root = await mkdtemp(join(tmpdir(), 'hawser-artifacts-'));
  const server = createServer((request, response) => {
    readFile(join(root, 'served', request.url ?? '')).then(
      (content) => response.end(content),
      () => response.writeHead(404).end(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.close();
    server.closeAllConnections();
    await rm(root, { recursive: true, force: true });
  });
  await mkdir(join(root, 'served'));
  const { port } = server.address() as AddressInfo;
  return {
    async publish(revision, files) {
      const name = `${randomUUID()}.tar.gz`;
      const directory = join(root, name);
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(directory, path)), { recursive: true });
        await writeFile(join(directory, path), content);
      }
      const file = join(root, 'served', name);
      await run('tar', ['-czf', file, '-C', directory, '.']);
      const content = await readFile(file);
      return {
        path: name,
        url: `http://127.0.0.1:${port}/${name}`,
        revision,
        digest: `sha256:${createHash('sha256').update(content).digest('hex')}`,
        size: content.length,
        lastUpdateTime: new Date().toISOString(),
      };
    },
    withdraw: ({ path }) => rm(join(root, 'served', path)),
  };
}
