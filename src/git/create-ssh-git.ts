import { mkdir, rm } from 'node:fs/promises';
import { HawserError } from '../errors/hawser-error.ts';
import { checkSupported } from './ask-what-it-speaks.ts';
import { createLimiter } from './create-limiter.ts';
import type { RemoteGit } from './create-remote-git.ts';
import type { GitRemote } from './git-remote.ts';
import type { GitLimits } from './limits.ts';
import type { PackRoom } from './pack-memory.ts';
import { FLUSH } from './pkt-line.ts';
import { type Advertisement, encodeWant, parseAdvertisement, parseWanted } from './protocol-v1.ts';
import { encodeFetch, encodeLsRefs, parseFetch, parseLsRefs } from './protocol-v2.ts';
import { NO_REFS, type WantedRefs } from './ref-list.ts';
import { runSsh } from './run-ssh.ts';
import { toSshAddress } from './ssh-address.ts';

interface Options {
  readonly limits: Pick<GitLimits, 'responseBytes' | 'refBytes' | 'refs'>;
  /** A directory of this module's own for keys in use; what a killed process left there is removed. */
  readonly directory: string;
  /** The ssh program; found by name in the system's directories. */
  readonly sshPath?: string | undefined;
}

/** A Git server's answers over SSH; `close` ends those under way, after which no key is left on disk. */
export interface SshGit extends RemoteGit {
  close(): Promise<void>;
}

/** What is wanted of a server: which of its refs, how large an answer at most, and to which question. */
interface Talk {
  readonly refs: WantedRefs;
  readonly responseBytes: number;
  readonly room?: PackRoom | undefined;
  readonly ask: (server: Advertisement) => string;
}

/** Servers drop connections at random when more are being opened (sshd: MaxStartups 10). */
const MOST_TALKS_PER_HOST = 8;

/** The questions asked of a Git server over SSH: one connection each, protocol v2 or, where it is not spoken, v1. */
export function createSshGit({ limits, directory, sshPath = 'ssh' }: Options): SshGit {
  const limiter = createLimiter(MOST_TALKS_PER_HOST);
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();
  let prepared: Promise<unknown> | undefined;
  const talk = async (remote: GitRemote, { refs, ask, ...bounds }: Talk, signal: AbortSignal) => {
    prepared ??= prepare(directory);
    await prepared;
    const login = remote.credentials?.login;
    if (login?.kind !== 'ssh') throw new HawserError('GIT_AUTHENTICATION_FAILED', 'ssh: no key to authenticate with');
    const address = toSshAddress(remote.url);
    let server: Advertisement | undefined;
    const asked = (advertisement: Buffer) => {
      server = parseAdvertisement(advertisement, refs);
      checkSupported(server);
      return ask(server);
    };
    const introductionBytes = limits.refBytes;
    const wanted = { sshPath, directory, address, login, introductionBytes, ...bounds, ask: asked };
    const until = AbortSignal.any([signal, closing.signal]);
    const talking = limiter.run(`${address.host}:${address.port}`, () => runSsh(wanted, until), until);
    running.add(talking);
    const answer = await talking.finally(() => running.delete(talking));
    return { answer, server };
  };

  return {
    listRefs: async (remote, prefixes, signal) => {
      const refs = { prefixes, mostRefs: limits.refs };
      const ask = ({ version }: Advertisement) => (version === 2 ? encodeLsRefs(prefixes) : FLUSH);
      const { answer, server } = await talk(remote, { refs, responseBytes: limits.refBytes, ask }, signal);
      if (server?.version === 1) return server.refs;
      return parseLsRefs(answer, refs) ?? noAnswer();
    },

    fetchPack: async (remote, { room, ...wanted }, signal) => {
      const ask = (server: Advertisement) => {
        if (server.version === 2) return encodeFetch(wanted);
        return server.isEmpty ? FLUSH : encodeWant(wanted, server.capabilities);
      };
      const { answer, server } = await talk(
        remote,
        { refs: NO_REFS, responseBytes: limits.responseBytes, room, ask },
        signal,
      );
      if (server?.version === 1 && server.isEmpty) {
        throw new HawserError('GIT_EMPTY_REPOSITORY', 'git repository is empty');
      }
      return (server?.version === 2 ? parseFetch(answer) : parseWanted(answer)) ?? noAnswer();
    },

    close: async () => {
      closing.abort(new HawserError('GIT_UNREACHABLE', 'Hawser is stopping'));
      await Promise.allSettled(running);
    },
  };
}

async function prepare(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
}

function noAnswer(): never {
  throw new HawserError('GIT_RESPONSE_INVALID', 'the server did not answer');
}
