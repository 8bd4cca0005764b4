import { Worker } from 'node:worker_threads';
import type { ErrorCode } from '../errors/codes.ts';
import { HawserError } from '../errors/hawser-error.ts';
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

const WORKER_FROM_BYTES = 1024 * 1024;

/** Reads a pack into objects; a large one in a thread of its own, so that nothing else waits for it. */
export async function readPack(pack: Buffer, findBases: FindBases, limits: GitLimits): Promise<GitObject[]> {
  if (pack.length > WORKER_FROM_BYTES) return readPackInWorker(pack, findBases, limits);
  const entries = scanPack(pack, limits);
  return resolvePack(entries, await findBases(basesByIdOf(entries)), limits);
}

async function readPackInWorker(pack: Buffer, findBases: FindBases, limits: GitLimits): Promise<GitObject[]> {
  const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./pack-worker.${suffix}`, import.meta.url));
  const tell = (input: PackWorkerInput) => worker.postMessage(input);
  try {
    return await new Promise<GitObject[]>((resolve, reject) => {
      worker.on('error', reject);
      worker.on('exit', () => reject(new HawserError('INTERNAL', 'the thread that reads a pack ended early')));
      worker.on('message', (output: PackWorkerOutput) => {
        if (output.kind === 'failed') reject(new HawserError(output.code, output.message));
        else if (output.kind === 'objects') resolve(unpack(output.bytes, output.table));
        else findBases(output.ids).then((bases) => tell({ kind: 'bases', bases }), reject);
      });
      tell({ kind: 'pack', pack, limits });
    });
  } finally {
    await worker.terminate();
  }
}

function unpack(bytes: ArrayBuffer, table: readonly PackedObject[]): GitObject[] {
  let offset = 0;
  return table.map(({ id, type, size }) => {
    const data = Buffer.from(bytes, offset, size);
    offset += size;
    return { id, type: OBJECT_TYPES[type] as ObjectType, data };
  });
}
