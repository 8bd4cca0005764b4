/**
 * Artifacts: the content of a source at a commit, as a tarball that Flux's other controllers can fetch. This module
 * makes, keeps and opens the files; http serves them, and sync decides when one is made.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { HawserError } from '../errors/hawser-error.ts';
import { type ArtifactName, isArtifactPath, toArtifactPath, toSourcePath } from './artifact-path.ts';
import type { SnapshotTree } from './snapshot-tree.ts';
import { writeTarball } from './write-tarball.ts';

/** What is made into an artifact. */
export interface ArtifactContent extends ArtifactName {
  readonly tree: SnapshotTree;
  /** True for a path that is left out; a folder that is left out is not walked. */
  readonly ignored: (path: string, kind: 'file' | 'directory') => boolean;
}

/** What a source's status says of its artifact, but for the revision. */
export interface StoredArtifact {
  /** Relative to the store: `gitrepository/<namespace>/<name>/<sha>.tar.gz`. */
  readonly path: string;
  readonly url: string;
  /** `sha256:<hex>` of the file. */
  readonly digest: string;
  /** Bytes of the file. */
  readonly size: number;
  /** RFC 3339, whole seconds. */
  readonly lastUpdateTime: string;
}

/** An artifact that is being read; destroying the stream closes the file. */
export interface OpenArtifact {
  readonly stream: Readable;
  readonly size: number;
  readonly lastModified: Date;
}

/** Where artifacts are kept. */
export interface ArtifactStore {
  /** Makes or replaces an artifact, atomically: readers see the old file or the new one. */
  write(content: ArtifactContent): Promise<StoredArtifact>;
  /** Undefined for anything that is not the path of an artifact that exists. */
  open(path: string): Promise<OpenArtifact | undefined>;
  /** Opens an artifact by the URL under which it is served; undefined for one that is not here. */
  openUrl(url: string): Promise<OpenArtifact | undefined>;
  /** Removes what nobody needs any more, but for `keep`, the two newest, and what a newer one replaced within a minute. */
  collect(namespace: string, name: string, keep: readonly string[]): Promise<void>;
  /** Removes every artifact of a source that is gone. */
  remove(namespace: string, name: string): Promise<void>;
}

interface StoreOptions {
  readonly dir: string;
  /** Where the store is served, such as `http://hawser.flux-system.svc.cluster.local./`. */
  readonly publicUrl: string;
  readonly now?: () => Date;
}

const KEPT_RECORDS = 2;
const KEPT_MS = 60_000;
/** A temporary file of this age belongs to no write that is still running. */
const ABANDONED_MS = 3_600_000;

/** Keeps artifacts below a directory of this process. */
export function createArtifactStore(options: StoreOptions): ArtifactStore {
  const { dir, now = () => new Date() } = options;
  const baseUrl = options.publicUrl.replace(/\/*$/, '/');
  return {
    async write(content) {
      const path = toArtifactPath(content);
      const temporary = join(dir, toSourcePath(content), `.${randomUUID()}.tmp`);
      try {
        await mkdir(join(dir, toSourcePath(content)), { recursive: true, mode: 0o700 });
        const written = await writeTarball(temporary, content);
        await rename(temporary, join(dir, path));
        return { path, url: baseUrl + path, ...written, lastUpdateTime: `${now().toISOString().slice(0, 19)}Z` };
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined);
        throw toArtifactError(content, error);
      }
    },
    async open(path) {
      return isArtifactPath(path) ? openFile(join(dir, path)) : undefined;
    },
    async openUrl(url) {
      const path = url.startsWith(baseUrl) ? url.slice(baseUrl.length) : '';
      return isArtifactPath(path) ? openFile(join(dir, path)) : undefined;
    },
    async collect(namespace, name, keep) {
      const folder = join(dir, toSourcePath({ namespace, name }));
      const kept = new Set(keep.map((path) => basename(path)));
      const garbage = selectGarbage(await listFiles(folder), kept, now().getTime());
      await Promise.all(garbage.map((file) => rm(join(folder, file), { force: true })));
    },
    async remove(namespace, name) {
      await rm(join(dir, toSourcePath({ namespace, name })), { recursive: true, force: true });
    },
  };
}

/** A file in the folder of a source. */
export interface ArtifactFile {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
}

/**
 * Which files of a source's folder can go: those beyond the newest two that a newer one replaced over a minute ago, and
 * what a killed write left behind. However old a file is, somebody may have been told of it until it was replaced.
 */
export function selectGarbage(files: readonly ArtifactFile[], kept: ReadonlySet<string>, now: number): string[] {
  const newestFirst = files.filter((file) => !isTemporary(file)).sort((a, b) => b.modifiedAt - a.modifiedAt);
  const outdated = newestFirst.filter((file, index) => {
    const replacedAt = newestFirst[index - 1]?.modifiedAt ?? now;
    return index >= KEPT_RECORDS && !kept.has(file.name) && now - replacedAt > KEPT_MS;
  });
  const abandoned = files.filter((file) => isTemporary(file) && now - file.modifiedAt > ABANDONED_MS);
  return [...outdated, ...abandoned].map((file) => file.name);
}

function isTemporary(file: ArtifactFile): boolean {
  return file.name.endsWith('.tmp');
}

async function listFiles(folder: string): Promise<ArtifactFile[]> {
  const names = await readdir(folder).catch(ignoreMissing);
  const files = (names ?? []).map(async (name) => {
    const stats = await stat(join(folder, name)).catch(ignoreMissing);
    return stats ? [{ name, modifiedAt: stats.mtimeMs }] : [];
  });
  return (await Promise.all(files)).flat();
}

/** Size and content are taken from one open file, so a replacement in between does not mix them. */
async function openFile(file: string): Promise<OpenArtifact | undefined> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW).catch(ignoreMissing);
  if (!handle) return undefined;
  try {
    const { size, mtime } = await handle.stat();
    return { stream: handle.createReadStream(), size, lastModified: mtime };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** ELOOP: a link in the place of a file is none. */
const MISSING: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (MISSING.has(error.code)) return undefined;
  throw error;
}

/** The error's own message would name temporary paths. */
function toArtifactError({ namespace, name }: ArtifactName, error: unknown): HawserError {
  if (error instanceof HawserError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return new HawserError(
    'ARTIFACT_NOT_WRITTEN',
    `failed to write the artifact of GitRepository/${namespace}/${name}: ${code}; check the data directory`,
    { cause: error },
  );
}
