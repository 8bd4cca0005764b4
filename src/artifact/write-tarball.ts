import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Pack, pack } from 'tar-stream';
import type { SnapshotTree } from './snapshot-tree.ts';

interface Content {
  readonly tree: SnapshotTree;
  /** True for a path that is left out; a folder that is left out is not walked. */
  readonly ignored: (path: string, kind: 'file' | 'directory') => boolean;
}

/** What was written: `sha256:<hex>` of the compressed bytes, and their number. */
interface WrittenTarball {
  readonly digest: string;
  readonly size: number;
}

/** Owner, names and times are fixed, so that the same content always gives the same bytes. */
const FIXED = { uid: 0, gid: 0, uname: '', gname: '', mtime: new Date(0) };
const FILE_MODE = 0o600;
const EXECUTABLE_MODE = 0o700;
const DIRECTORY_MODE = 0o750;

/**
 * Writes a reproducible gzipped tarball of a snapshot to a file, as Flux makes them: fixed modes, no owner, no times,
 * symlinks and submodules dropped, sorted by name. The file is synced to disk when this resolves.
 */
export async function writeTarball(file: string, content: Content): Promise<WrittenTarball> {
  await using handle = await open(file, 'wx', 0o600);
  const archive = pack();
  const hash = createHash('sha256');
  let size = 0;
  const written = pipeline(archive, createGzip({ level: 6 }), async (compressed: AsyncIterable<Buffer>) => {
    for await (const chunk of compressed) {
      hash.update(chunk);
      size += chunk.length;
      await writeAll(handle, chunk);
    }
  });
  const filled = addDirectory(archive, content, '').then(
    () => archive.finalize(),
    (error: Error) => archive.destroy(error),
  );
  await Promise.all([written, filled]);
  await handle.sync();
  return { digest: `sha256:${hash.digest('hex')}`, size };
}

async function writeAll(handle: FileHandle, chunk: Buffer): Promise<void> {
  for (let done = 0; done < chunk.length; ) done += (await handle.write(chunk, done)).bytesWritten;
}

async function addDirectory(archive: Pack, content: Content, directory: string): Promise<void> {
  for (const entry of (await content.tree.list(directory)) ?? []) {
    const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
    const { kind } = entry;
    if (!isArchived(kind) || content.ignored(path, kind)) continue;
    if (kind === 'file') {
      const mode = entry.executable ? EXECUTABLE_MODE : FILE_MODE;
      await addEntry(archive, { name: path, type: 'file', mode }, await content.tree.read(path));
      continue;
    }
    await addEntry(archive, { name: `${path}/`, type: 'directory', mode: DIRECTORY_MODE });
    await addDirectory(archive, content, path);
  }
}

type ArchivedKind = 'file' | 'directory';

function isArchived(kind: string): kind is ArchivedKind {
  return kind === 'file' || kind === 'directory';
}

interface EntryHeader {
  readonly name: string;
  readonly type: 'file' | 'directory';
  readonly mode: number;
}

/** Resolves when the archive has taken the entry, so that at most one file is held in memory. */
function addEntry(archive: Pack, header: EntryHeader, body: Buffer = Buffer.alloc(0)): Promise<void> {
  return new Promise((resolve, reject) => {
    archive.entry({ ...FIXED, ...header, size: body.length }, body, (error) => (error ? reject(error) : resolve()));
  });
}
