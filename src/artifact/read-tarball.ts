import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type Extract, extract } from 'tar-stream';
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import type { ArtifactLimits } from './artifact-limits.ts';
import type { DirectoryNode } from './artifact-tree.ts';
import { invalidArtifact, quoteName } from './invalid-artifact.ts';
import { createTreeBuilder, type TreeBuilder } from './tree-builder.ts';

type Entry = Extract extends AsyncIterable<infer Each> ? Each : never;

const INFLATE_CHUNK_BYTES = 64 * 1024;
const OWNER_EXECUTES = 0o100;

/** An unpacked tarball; `bytes` is about what it takes in memory. */
export interface UnpackedTarball {
  readonly root: DirectoryNode;
  readonly bytes: number;
}

/**
 * Unpacks a gzipped tarball in memory, chunk by chunk, so that other work gets its turn in between. Throws
 * ARTIFACT_INVALID for anything that is damaged, exceeds a bound, or could not lie inside one directory.
 */
export async function readTarball(
  compressed: readonly Buffer[],
  limits: ArtifactLimits,
  signal: AbortSignal,
): Promise<UnpackedTarball> {
  const builder = createTreeBuilder(limits);
  const archive = extract();
  const inflated = createGunzip({ chunkSize: INFLATE_CHUNK_BYTES });
  const counter = createCounter(limits.inflatedBytes);
  const results = await Promise.allSettled([
    addEntries(builder, archive, limits),
    pipeline(compressed, inflated, counter.count, archive, { signal }),
  ]);
  signal.throwIfAborted();
  // Whichever side fails takes the other one down; the first in this order is the one that knows why.
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) throw toInvalid(failure.reason);
  return { root: await builder.build(), bytes: counter.bytes() };
}

async function addEntries(builder: TreeBuilder, archive: Extract, limits: ArtifactLimits): Promise<void> {
  for await (const entry of archive) {
    if (entry.header.size > limits.objectBytes) {
      throw invalidArtifact(`${quoteName(entry.header.name)} is larger than ${limits.objectBytes} bytes`);
    }
    await addEntry(builder, entry);
  }
}

async function addEntry(builder: TreeBuilder, entry: Entry): Promise<void> {
  const { name, type, linkname, mode } = entry.header;
  switch (type) {
    case 'file':
    case 'contiguous-file':
      refuseSparse(entry);
      builder.addFile(name, { content: await readContent(entry), executable: (mode & OWNER_EXECUTES) !== 0 });
      return;
    case 'directory':
      builder.addDirectory(name);
      break;
    case 'symlink':
      builder.addSymlink(name, linkname ?? '');
      break;
    case 'link':
      builder.addHardLink(name, linkname ?? '');
      break;
    default:
      throw invalidArtifact(`${quoteName(name)} is a ${type ?? 'file of an unknown type'}`);
  }
  entry.resume();
}

/** GNU tar may store a file with holes as a map and what lies between; nobody publishes manifests so. */
function refuseSparse({ header }: Entry): void {
  const { pax } = header as { readonly pax?: Readonly<Record<string, string>> | null };
  if (Object.keys(pax ?? {}).some((key) => key.startsWith('GNU.sparse.'))) {
    throw invalidArtifact(`${quoteName(header.name)} is a sparse file`);
  }
}

/** A copy, so that a small file does not keep the chunk alive that it came in. */
async function readContent(entry: Entry): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Passes an archive on as long as it keeps to its bound, and knows how large it was. */
function createCounter(limit: number) {
  let bytes = 0;
  return {
    bytes: () => bytes,
    count: async function* count(inflated: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const chunk of inflated) {
        bytes += chunk.length;
        if (bytes > limit) throw invalidArtifact(`it is larger than ${limit} bytes when inflated`);
        yield chunk;
      }
      if (bytes === 0) throw invalidArtifact('it is no tarball: there is nothing in it');
    },
  };
}

function toInvalid(error: unknown): HawserError {
  if (error instanceof HawserError) return error;
  return invalidArtifact(`it is no gzipped tarball, or it is damaged (${messageOf(error)})`);
}
