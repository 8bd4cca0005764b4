/**
 * Reads artifacts back: downloads what a source's status names, verifies it and unpacks it in memory, once for everyone
 * who wants it. Whether a source may be read, when it is tried again and what is made of its content is left to others.
 */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Agent } from 'undici';
import { HawserError } from '../errors/hawser-error.ts';
import type { Tree } from '../model/tree.ts';
import { ARTIFACT_LIMITS, type ArtifactLimits } from './artifact-limits.ts';
import { createArtifactTree } from './artifact-tree.ts';
import { createSharedTasks } from './create-shared-tasks.ts';
import { createTreeCache } from './create-tree-cache.ts';
import { downloadArtifact } from './download-artifact.ts';
import { invalidArtifact } from './invalid-artifact.ts';
import { type ArtifactDigest, parseDigest } from './parse-digest.ts';
import { readTarball } from './read-tarball.ts';

/** Which artifact to read: the fields of a source's `status.artifact` that say so. */
export interface ReadArtifact {
  readonly url: string;
  /** For messages only. */
  readonly revision: string;
  /** `sha256:<hex>`, or sha384, sha512. */
  readonly digest: string;
}

/** Opens the artifacts of sources that others publish. */
export interface ArtifactReader {
  /**
   * Throws ARTIFACT_NOT_FOUND (its source will publish again), ARTIFACT_INVALID (wrong digest, no tarball, out of
   * bounds) or ARTIFACT_UNAVAILABLE (network); the signal's reason once it is aborted.
   */
  open(artifact: ReadArtifact, signal: AbortSignal): Promise<Tree>;
  /** Ends what is under way and closes all connections; may be called twice. */
  stop(): Promise<void>;
}

export interface ArtifactReaderOptions {
  readonly limits?: Partial<ArtifactLimits>;
  /** Bytes of content that are kept for the next reader; default 64 MiB. */
  readonly maxCacheBytes?: number;
  /** Where to ask instead, for a process that cannot resolve the cluster's names. */
  readonly rewriteUrl?: (url: URL) => URL;
  /** Where an artifact of our own is, which need not be asked for over the network; its digest is checked all the same. */
  readonly openOwn?: (url: string) => Promise<{ readonly stream: Readable } | undefined>;
  /** Time without a byte after which a download is given up; default 20 s. */
  readonly idleTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 20_000;
const KEEP_ALIVE_MS = 60_000;
const CACHE_BYTES = 64 * 1024 * 1024;

export function createArtifactReader(options: ArtifactReaderOptions = {}): ArtifactReader {
  const limits = { ...ARTIFACT_LIMITS, ...options.limits };
  const agent = createAgent(options.idleTimeoutMs ?? IDLE_TIMEOUT_MS);
  const cache = createTreeCache(options.maxCacheBytes ?? CACHE_BYTES);
  const tasks = createSharedTasks<Tree>();
  const stopping = new AbortController();

  async function fetchTree(artifact: ReadArtifact, signal: AbortSignal): Promise<Tree> {
    const digest = parseDigest(artifact.digest);
    const key = `${digest.algorithm}:${digest.hex}`;
    const known = cache.get(key);
    if (known) return known;
    const url = toRequestUrl(artifact.url, options.rewriteUrl);
    const load = async (taskSignal: AbortSignal) => {
      const own = await readOwn(await options.openOwn?.(artifact.url), digest);
      const compressed = own ?? (await downloadArtifact({ agent, url, digest, limits, signal: taskSignal }));
      const { root, bytes } = await readTarball(compressed, limits, taskSignal);
      const tree = createArtifactTree(root);
      cache.set(key, tree, bytes);
      return tree;
    };
    // Who named the right digest with a wrong URL shall hold up nobody else.
    return tasks.run(`${key} ${url}`, load, signal);
  }

  return {
    open: async (artifact, signal) => {
      const ending = AbortSignal.any([signal, stopping.signal]);
      ending.throwIfAborted();
      try {
        return await fetchTree(artifact, ending);
      } catch (error) {
        ending.throwIfAborted();
        throw nameArtifact(error, artifact);
      }
    },
    stop: async () => {
      stopping.abort(new HawserError('ARTIFACT_UNAVAILABLE', 'the artifact reader was stopped'));
      cache.clear();
      if (!agent.destroyed) await agent.destroy();
    },
  };
}

/** Undefined if it is not here, or is not what the digest says: whoever serves it may have another one. */
async function readOwn(
  open: { readonly stream: Readable } | undefined,
  { algorithm, hex }: ArtifactDigest,
): Promise<readonly Buffer[] | undefined> {
  const chunks: Buffer[] = [];
  const hash = createHash(algorithm);
  for await (const chunk of open?.stream ?? []) {
    hash.update(chunk);
    chunks.push(chunk);
  }
  return open && hash.digest('hex') === hex ? chunks : undefined;
}

function createAgent(idleTimeoutMs: number): Agent {
  return new Agent({
    allowH2: false,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: idleTimeoutMs,
    bodyTimeout: idleTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
}

function toRequestUrl(text: string, rewriteUrl: (url: URL) => URL = (url) => url): URL {
  const url = URL.parse(text);
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (!url || !isHttp) throw invalidArtifact('its URL is not of the form http://… or https://…');
  return rewriteUrl(url);
}

/** Says which artifact could not be read. Query and user of its URL may be credentials: they are left out. */
function nameArtifact(error: unknown, { url, revision }: ReadArtifact): unknown {
  if (!(error instanceof HawserError)) return error;
  const parsed = URL.parse(url);
  const place = parsed ? `${parsed.origin}${parsed.pathname}` : 'an invalid URL';
  const message = `failed to read the artifact of revision '${revision}' from '${place}': ${error.message}`;
  return new HawserError(error.code, message, { cause: error, disposition: error.disposition });
}
