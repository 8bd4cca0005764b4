import { HawserError } from '../errors/hawser-error.ts';
import { askWhatItSpeaks } from './ask-what-it-speaks.ts';
import { checkStatus } from './check-status.ts';
import type { GitAnswer, Transport } from './create-transport.ts';
import { fetchWithIsomorphicGit } from './fetch-with-isomorphic-git.ts';
import { isOfType, isRedirect } from './git-answer.ts';
import { type GitRemote, type RemoteRef, remoteIdentity, toPlainUrl } from './git-remote.ts';
import type { GitLimits } from './limits.ts';
import type { PackRoom } from './pack-memory.ts';
import { encodeWant, parseWanted } from './protocol-v1.ts';
import { encodeFetch, encodeLsRefs, type FetchRequest, parseFetch, parseLsRefs } from './protocol-v2.ts';
import { NO_REFS, type WantedRefs } from './ref-list.ts';

/** What a remote was found to speak, and where (a redirect may have led elsewhere on the same origin). */
export interface RemoteProfile {
  readonly protocol: 'v2' | 'v1' | 'isomorphic-git';
  readonly base: string;
  readonly capabilities: ReadonlySet<string>;
}

/** One commit wanted, and the room that its pack may take up. */
export interface PackRequest extends FetchRequest {
  readonly room: PackRoom;
}

/** The questions asked of a Git server, whatever protocol it speaks; errors are not prefixed with the remote yet. */
export interface RemoteGit {
  listRefs(remote: GitRemote, prefixes: readonly string[], signal: AbortSignal): Promise<readonly RemoteRef[]>;
  /** A pack with the commit's files, as deltas over `have` where there is one. */
  fetchPack(remote: GitRemote, wanted: PackRequest, signal: AbortSignal): Promise<Buffer>;
}

interface Options {
  readonly transport: Transport;
  readonly limits: Pick<GitLimits, 'refs'>;
  /** Directory for the last resort's short-lived repositories. */
  readonly scratchDir: string;
  /** Told once per remote what it speaks, where that is not plain v2. */
  readonly onProfile?: (url: string, profile: RemoteProfile) => void;
}

const MAX_PROFILES = 10_000;
const UPLOAD_PACK = 'git-upload-pack';
const V2_HEADER = { 'git-protocol': 'version=2' };

/**
 * Asks in protocol v2 without any introduction. Only when the answer is no v2 the server is asked what it speaks
 * (`GET info/refs`), and what it says is kept for later requests.
 */
export function createRemoteGit(options: Options): RemoteGit {
  const profiles = new Map<string, RemoteProfile>();
  const profileOf = (remote: GitRemote): RemoteProfile => {
    const base = toPlainUrl(remote.url);
    return profiles.get(remoteIdentity(remote)) ?? { protocol: 'v2', base, capabilities: new Set() };
  };
  const learn = (remote: GitRemote, profile: RemoteProfile) => {
    const url = toPlainUrl(remote.url);
    const [oldest] = profiles.keys();
    if (profiles.size >= MAX_PROFILES && oldest !== undefined) profiles.delete(oldest);
    profiles.set(remoteIdentity(remote), profile); // what one tenant's proxy says must not lead another astray
    options.onProfile?.(url, profile);
  };
  const introduce = async (remote: GitRemote, refs: WantedRefs, signal: AbortSignal) => {
    const { base, advertisement } = await askWhatItSpeaks({ transport: options.transport, remote, refs }, signal);
    const known = profiles.get(remoteIdentity(remote));
    const older = known?.protocol === 'isomorphic-git' ? 'isomorphic-git' : 'v1';
    const protocol = advertisement.version === 2 ? 'v2' : older;
    const isKnown = known?.protocol === protocol && known.base === base;
    const isEmpty = advertisement.version === 1 && advertisement.isEmpty; // then it may say nothing at all
    if (!isKnown && !isEmpty) learn(remote, { protocol, base, capabilities: advertisement.capabilities });
    return advertisement;
  };

  /** Undefined if the remote turns out not to speak v2. */
  const speakV2 = async <T>(remote: GitRemote, { parse, ...question }: V2Question<T>, signal: AbortSignal) => {
    const answer = await askV2(options.transport, { remote, base: profileOf(remote).base, ...question }, signal);
    const first = answer && parse(answer);
    if (first) return first;
    if ((await introduce(remote, NO_REFS, signal)).version !== 2) return undefined;
    const again = await askV2(options.transport, { remote, base: profileOf(remote).base, ...question }, signal);
    return (again && parse(again)) ?? noAnswer();
  };

  const listRefsV1 = async (remote: GitRemote, wanted: WantedRefs, signal: AbortSignal) => {
    const advertisement = await introduce(remote, wanted, signal);
    return advertisement.version === 1 ? advertisement.refs : undefined;
  };

  const fetchOlder = async (
    remote: GitRemote,
    { profile, wanted }: { profile: RemoteProfile; wanted: PackRequest },
    signal: AbortSignal,
  ) => {
    if (profile.protocol === 'v1') {
      const pack = await fetchV1(options.transport, { remote, profile, wanted }, signal);
      if (pack) return pack;
    }
    const pack = await fetchWithIsomorphicGit({ ...options, ...wanted, remote, base: profile.base }, signal);
    if (profile.protocol !== 'isomorphic-git') learn(remote, { ...profile, protocol: 'isomorphic-git' });
    return pack;
  };

  return {
    listRefs: async (remote, prefixes, signal) => {
      const wanted = { prefixes, mostRefs: options.limits.refs };
      const older = profileOf(remote).protocol === 'v2' ? undefined : await listRefsV1(remote, wanted, signal);
      if (older) return older;
      const parse = (answer: Buffer) => parseLsRefs(answer, wanted);
      const refs = await speakV2(remote, { body: encodeLsRefs(prefixes), parse }, signal);
      return refs ?? (await listRefsV1(remote, wanted, signal)) ?? noAnswer();
    },

    fetchPack: async (remote, wanted, signal) => {
      if (profileOf(remote).protocol === 'v2') {
        const pack = await speakV2(remote, { body: encodeFetch(wanted), room: wanted.room, parse: parseFetch }, signal);
        if (pack) return pack;
      }
      const profile = profileOf(remote);
      if (profile.protocol === 'v2') throw new HawserError('GIT_EMPTY_REPOSITORY', 'git repository is empty');
      return fetchOlder(remote, { profile, wanted }, signal);
    },
  };
}

interface V2Question<T> extends Pick<Question, 'body' | 'room'> {
  /** Undefined if the answer is none of protocol v2. */
  readonly parse: (answer: Buffer) => T | undefined;
}

interface Question {
  readonly remote: GitRemote;
  readonly base: string;
  readonly body: string;
  readonly room?: PackRoom;
}

/** One v2 request; undefined if what comes back makes it worth asking what the server speaks. */
async function askV2(transport: Transport, question: Question, signal: AbortSignal) {
  const answer = await post(transport, question, signal);
  if ([404, 405, 415].includes(answer.status) || isRedirect(answer)) return undefined;
  checkStatus(answer);
  return isOfType(answer, `application/x-${UPLOAD_PACK}-result`) ? answer.body : undefined;
}

/** Undefined if the server does not say anything this client understands. */
async function fetchV1(
  transport: Transport,
  { remote, profile, wanted }: { remote: GitRemote; profile: RemoteProfile; wanted: PackRequest },
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  if (!profile.capabilities.has('side-band-64k')) return undefined;
  const body = encodeWant(wanted, profile.capabilities);
  const answer = await post(transport, { remote, base: profile.base, body, room: wanted.room }, signal);
  checkStatus(answer);
  return parseWanted(answer.body);
}

function post(transport: Transport, { base, ...question }: Question, signal: AbortSignal): Promise<GitAnswer> {
  const headers = {
    'content-type': `application/x-${UPLOAD_PACK}-request`,
    accept: `application/x-${UPLOAD_PACK}-result`,
    ...(question.body.includes('command=') && V2_HEADER),
  };
  return transport.send({ ...question, method: 'POST', url: `${base}/${UPLOAD_PACK}`, headers }, signal);
}

function noAnswer(): never {
  throw new HawserError('GIT_RESPONSE_INVALID', 'the server speaks protocol v2 but did not answer');
}
