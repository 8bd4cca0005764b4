import { Worker } from 'node:worker_threads';
import type { ErrorCode } from '../errors/codes.ts';
import { HawserError } from '../errors/hawser-error.ts';
import { createLimiter } from './create-limiter.ts';
import { type GitObject, OBJECT_TYPES, type ObjectType } from './git-object.ts';
import type { GitLimits } from './limits.ts';
import { basesByIdOf, resolvePack } from './resolve-pack.ts';
import { scanPack } from './scan-pack.ts';

/** Finds those objects that are in the store, for the deltas of a thin pack. */
export type FindBases = (ids: readonly string[]) => Promise<GitObject[]>;

/** What the main thread tells the worker: the pack, then the bases it asked for. */
export type PackWorkerInput =
  | { readonly kind: 'pack'; readonly pack: Uint8Array; readonly limits: GitLimits }
  | { readonly kind: 'bases'; readonly bases: readonly GitObject[] };

/** What the worker answers: the bases it needs, then all objects in one buffer, or why not. */
export type PackWorkerOutput =
  | { readonly kind: 'needs'; readonly ids: readonly string[] }
  | { readonly kind: 'objects'; readonly bytes: ArrayBuffer; readonly table: readonly PackedObject[] }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

export interface PackedObject {
  readonly id: string;
  readonly type: number;
  readonly size: number;
}

/** Reads packs into objects, within the limits, and only so many at once. */
export interface PackReader {
  /**
   * Reads one pack; a large one is taken away by that, its buffer is empty afterwards. The signal's abort ends the waiting
   * for a turn. Throws GIT_RESPONSE_INVALID, GIT_LIMIT_EXCEEDED, GIT_OBJECT_MISSING.
   */
  read(pack: Buffer, findBases: FindBases, signal: AbortSignal): Promise<GitObject[]>;
}

interface Reading {
  readonly pack: Buffer;
  readonly findBases: FindBases;
  readonly limits: GitLimits;
}

const MIB = 1024 * 1024;
/** Of a pack that is read at once, and of all its objects: more would keep everybody else waiting. */
const AT_ONCE = { bytes: MIB, inflatedBytes: 16 * MIB };
const LARGE_BYTES = 16 * MIB;
/** Of each size, so that no pack of some megabytes waits for one of hundreds. */
const MOST_THREADS = 1;

/**
 * Makes what all sources share. What a push brings is read here and now; a pack that is large, or turns out to be, in a
 * thread of its own, so that nothing else waits for it, and in turn, because of the memory.
 */
export function createPackReader(limits: GitLimits): PackReader {
  const threads = createLimiter(MOST_THREADS);
  return {
    read: async (pack, findBases, signal) => {
      const objects = pack.length > AT_ONCE.bytes ? undefined : await readAtOnce({ pack, findBases, limits });
      if (objects) return objects;
      const size = pack.length > LARGE_BYTES ? 'large' : 'medium';
      return threads.run(size, () => readInThread({ pack, findBases, limits }), signal);
    },
  };
}

/** Undefined if that would inflate to more than can be read at once. */
async function readAtOnce({ pack, findBases, limits }: Reading): Promise<GitObject[] | undefined> {
  const few = { ...limits, packBytes: Math.min(limits.packBytes, AT_ONCE.inflatedBytes) };
  try {
    const entries = scanPack(pack, few);
    return resolvePack(entries, await findBases(basesByIdOf(entries)), few);
  } catch (error) {
    const isTooLarge = error instanceof HawserError && error.code === 'GIT_LIMIT_EXCEEDED';
    if (isTooLarge && few.packBytes < limits.packBytes) return undefined;
    throw error;
  }
}

async function readInThread({ pack, findBases, limits }: Reading): Promise<GitObject[]> {
  const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./pack-worker.${suffix}`, import.meta.url));
  const tell = (input: PackWorkerInput, moved: readonly ArrayBuffer[] = []) => worker.postMessage(input, [...moved]);
  try {
    return await new Promise<GitObject[]>((resolve, reject) => {
      worker.on('error', reject);
      worker.on('exit', () => reject(new HawserError('INTERNAL', 'the thread that reads a pack ended early')));
      worker.on('message', (output: PackWorkerOutput) => {
        if (output.kind === 'failed') reject(new HawserError(output.code, output.message));
        else if (output.kind === 'objects') resolve(unpack(output.bytes, output.table));
        else findBases(output.ids).then((bases) => tell({ kind: 'bases', bases }), reject);
      });
      tell({ kind: 'pack', pack, limits }, ownedBufferOf(pack));
    });
  } finally {
    await worker.terminate();
  }
}

/** What can be moved to the thread: a buffer that holds nothing but the pack. */
function ownedBufferOf({ buffer, byteLength }: Buffer): readonly ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
}

function unpack(bytes: ArrayBuffer, table: readonly PackedObject[]): GitObject[] {
  let offset = 0;
  return table.map(({ id, type, size }) => {
    const data = Buffer.from(bytes, offset, size);
    offset += size;
    return { id, type: OBJECT_TYPES[type] as ObjectType, data };
  });
}
