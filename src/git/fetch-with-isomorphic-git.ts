import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import git, { type GitHttpRequest, type GitHttpResponse } from 'isomorphic-git';
import { checkStatus } from './check-status.ts';
import type { Transport } from './create-transport.ts';
import type { GitRemote } from './git-remote.ts';
import type { GitLimits } from './limits.ts';
import type { PackRoom } from './pack-memory.ts';
import { parseAdvertisement } from './protocol-v1.ts';
import { readSideband } from './sideband.ts';

interface LastResort {
  readonly transport: Transport;
  readonly scratchDir: string;
  readonly remote: GitRemote;
  readonly base: string;
  readonly sha: string;
  readonly room: PackRoom;
  readonly limits: Pick<GitLimits, 'refs'>;
}

/**
 * For servers that want a dialogue which our own client does not lead (multi_ack): isomorphic-git leads it, over our
 * transport. The pack is taken from the answer and read by us, within our bounds, before isomorphic-git would.
 */
export async function fetchWithIsomorphicGit(resort: LastResort, signal: AbortSignal): Promise<Buffer> {
  const gitdir = join(resort.scratchDir, `fetch-${randomUUID()}.git`);
  const taken = new PackTaken();
  const request = async (wanted: GitHttpRequest): Promise<GitHttpResponse> => {
    const asked = {
      remote: resort.remote,
      ...(await toRequest(wanted)),
      ...(wanted.method === 'POST' && { room: resort.room }),
    };
    const answer = await resort.transport.send(asked, signal);
    checkStatus(answer);
    if (asked.room) throw taken.with(readSideband(answer.body, 0));
    parseAdvertisement(answer.body, { prefixes: [], mostRefs: resort.limits.refs }); // refused before isomorphic-git keeps all
    const headers = Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, String(value)]));
    return { url: wanted.url, statusCode: answer.status, statusMessage: '', headers, body: once(answer.body) };
  };
  try {
    await git.init({ fs, gitdir, bare: true });
    await git.fetch({
      fs,
      gitdir,
      http: { request },
      url: resort.base,
      ref: resort.sha,
      singleBranch: true,
      depth: 1,
      tags: false,
    });
  } catch (error) {
    if (error !== taken) throw error;
  } finally {
    await fs.promises.rm(gitdir, { recursive: true, force: true });
  }
  return taken.pack;
}

/** Ends isomorphic-git's fetch once the answer with the pack is in our hands. */
class PackTaken extends Error {
  override readonly name = 'PackTaken';
  pack: Buffer = Buffer.alloc(0);

  with(pack: Buffer): this {
    this.pack = pack;
    return this;
  }
}

async function toRequest({ url, method, headers, body }: GitHttpRequest) {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body ?? []) chunks.push(chunk);
  const common = { url, headers: headers ?? {} };
  return method === 'POST'
    ? { ...common, method: 'POST' as const, body: Buffer.concat(chunks) }
    : { ...common, method: 'GET' as const };
}

async function* once(body: Buffer): AsyncGenerator<Uint8Array> {
  yield body;
}
