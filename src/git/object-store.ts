import { constants, type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HawserError } from '../errors/hawser-error.ts';
import { computeObjectId, type GitObject } from './git-object.ts';
import { decodeRecordHeader, encodeRecord, HEADER_BYTES, type RecordHeader, SIGNATURE } from './store-record.ts';

interface Place {
  readonly offset: number;
  readonly size: number;
  readonly type: GitObject['type'];
}

const WINDOW_BYTES = 1024 * 1024;
const BATCH_BYTES = 4 * 1024 * 1024;

/**
 * One append-only file of objects with its index in memory. A *mark* is a record saying that everything a commit
 * needs stands before it, so a tail that a crash tore off can never leave a commit that only seems to be there.
 * Every read is hashed again: a damaged file throws GIT_STORE_CORRUPT, and its owner drops it.
 */
export class ObjectStore {
  readonly #path: string;
  #handle: FileHandle;
  #size: number;
  #index = new Map<string, Place>();
  #marks = new Set<string>();
  #writing: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
    this.#size = SIGNATURE.length;
  }

  /** Opens the file, made if absent, and rebuilds the index; what follows the last whole record is cut off. */
  static async open(path: string): Promise<ObjectStore> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const store = new ObjectStore(path, await open(path, constants.O_RDWR | constants.O_CREAT, 0o600));
    try {
      await store.#load();
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /** Bytes of the file. */
  get size(): number {
    return this.#size;
  }

  /** Commits whose objects are all here, oldest first. */
  get marks(): readonly string[] {
    return [...this.#marks];
  }

  isMarked(sha: string): boolean {
    return this.#marks.has(sha);
  }

  typeOf(id: string): GitObject['type'] | undefined {
    return this.#index.get(id)?.type;
  }

  /** Bytes that an object takes in the file. */
  sizeOf(id: string): number {
    return HEADER_BYTES + (this.#index.get(id)?.size ?? 0);
  }

  /** Reads an object; throws GIT_OBJECT_MISSING or, if the file does not hold what it should, GIT_STORE_CORRUPT. */
  async read(id: string): Promise<GitObject> {
    const place = this.#index.get(id);
    if (!place || this.#closed) throw new HawserError('GIT_OBJECT_MISSING', `object ${id} is not in the local store`);
    const data = Buffer.allocUnsafe(place.size);
    const read = await this.#handle.read(data, 0, place.size, place.offset).catch(() => undefined);
    if (read?.bytesRead !== place.size || computeObjectId(place.type, data) !== id) {
      throw new HawserError('GIT_STORE_CORRUPT', `object ${id} is damaged in the local store`);
    }
    return { id, type: place.type, data };
  }

  /** Appends the objects that are not here yet. */
  append(objects: readonly GitObject[]): Promise<void> {
    return this.#exclusively(async () => {
      const fresh = new Map(objects.filter(({ id }) => !this.#index.has(id)).map((object) => [object.id, object]));
      for (const batch of inBatches(fresh.values(), ({ data }) => data.length)) await this.#write(batch);
    });
  }

  /** Records that everything this commit needs is here. */
  mark(sha: string): Promise<void> {
    return this.#exclusively(async () => {
      this.#marks.delete(sha);
      await this.#write([{ id: sha, type: 'mark', data: Buffer.alloc(0) }]);
    });
  }

  /** Rewrites the file with these objects and marks only. */
  keep(ids: Iterable<string>, marks: readonly string[]): Promise<void> {
    return this.#exclusively(async () => {
      const path = `${this.#path}.new`;
      await rm(path, { force: true });
      const next = await ObjectStore.open(path);
      for (const batch of inBatches(ids, (id) => this.sizeOf(id))) {
        await next.append(await Promise.all(batch.map((id) => this.read(id))));
      }
      for (const sha of marks) await next.mark(sha);
      await rename(path, this.#path);
      await this.#become(next);
    });
  }

  /** Closes the file; calling it again does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writing.catch(() => undefined);
    await this.#handle.close();
  }

  /** Closes and deletes the file. */
  async remove(): Promise<void> {
    await this.close();
    await rm(this.#path, { force: true });
  }

  async #become(next: ObjectStore): Promise<void> {
    const old = this.#handle;
    this.#handle = next.#handle;
    this.#size = next.#size;
    this.#index = next.#index;
    this.#marks = next.#marks;
    await old.close(); // waits for the reads under way
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(() => {
      if (this.#closed) throw new HawserError('GIT_OBJECT_MISSING', 'the local store was closed');
      return work();
    });
    this.#writing = done.catch(() => undefined);
    return done;
  }

  async #write(records: readonly { id: string; type: RecordHeader['type']; data: Buffer }[]): Promise<void> {
    const bytes = Buffer.concat(records.flatMap(encodeRecord));
    for (let written = 0; written < bytes.length; ) {
      written += (await this.#handle.write(bytes, written, bytes.length - written, this.#size + written)).bytesWritten;
    }
    for (const { id, type, data } of records) this.#note({ id, type, size: data.length });
  }

  /** Takes the record at the end of what is known into the index. */
  #note({ id, type, size }: RecordHeader): void {
    const offset = this.#size + HEADER_BYTES;
    if (type === 'mark') this.#marks.add(id);
    else this.#index.set(id, { offset, size, type });
    this.#size = offset + size;
  }

  async #load(): Promise<void> {
    const { size: end } = await this.#handle.stat();
    const signature = await this.#readAt(0, SIGNATURE.length);
    if (!signature.equals(SIGNATURE)) return this.#startOver();
    let window: { start: number; bytes: Buffer } = { start: 0, bytes: Buffer.alloc(0) };
    while (this.#size < end) {
      const at = this.#size - window.start;
      if (at + HEADER_BYTES > window.bytes.length) {
        window = { start: this.#size, bytes: await this.#readAt(this.#size, WINDOW_BYTES) };
      }
      const header = decodeRecordHeader(window.bytes, this.#size - window.start);
      if (!header || this.#size + HEADER_BYTES + header.size > end) break;
      this.#note(header);
    }
    if (this.#size < end) await this.#handle.truncate(this.#size);
  }

  async #startOver(): Promise<void> {
    await this.#handle.truncate(0);
    await this.#handle.write(SIGNATURE, 0, SIGNATURE.length, 0);
  }

  async #readAt(position: number, length: number): Promise<Buffer> {
    const { buffer, bytesRead } = await this.#handle.read(Buffer.allocUnsafe(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  }
}

function* inBatches<T>(items: Iterable<T>, bytesOf: (item: T) => number): Generator<T[]> {
  let batch: T[] = [];
  let bytes = 0;
  for (const item of items) {
    batch.push(item);
    bytes += bytesOf(item);
    if (bytes < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}
