import { posix } from 'node:path';
import type { TreeEntry } from '../model/tree.ts';
import { KUSTOMIZATION_NAMES } from './kustomization-file.ts';
import { renderFailed } from './render-error.ts';
import type { SnapshotPaths } from './snapshot-paths.ts';

const DEEPEST = 64;
const MOST_ENTRIES = 100_000;

export interface ManifestFile {
  readonly path: string;
  readonly id: string;
}

/** What a directory without a kustomization holds: manifests, and sub-directories that are built as a unit. */
export interface ScannedDirectory {
  /** Manifests and units in the order in which they are built: by name, sub-directories in place. */
  readonly resources: readonly string[];
  readonly files: readonly ManifestFile[];
  readonly units: readonly string[];
  readonly warnings: readonly string[];
}

interface Scan {
  readonly resources: string[];
  readonly files: ManifestFile[];
  readonly units: string[];
  readonly warnings: string[];
  visited: number;
}

/** Collects `*.yaml` and `*.yml` below a resolved directory as Flux's generator does; symlinks are not followed. */
export async function scanDirectory(paths: SnapshotPaths, directory: string): Promise<ScannedDirectory> {
  const scan: Scan = { resources: [], files: [], units: [], warnings: [], visited: 0 };
  await scanInto(scan, paths, { path: directory, depth: 0 });
  return scan;
}

/** The kustomization files among a directory's entries; more than one is an error that the build reports. */
export function findKustomizationNames(entries: readonly TreeEntry[]): readonly string[] {
  return KUSTOMIZATION_NAMES.filter((name) =>
    entries.some((entry) => entry.name === name && (entry.kind === 'file' || entry.kind === 'symlink')),
  );
}

async function scanInto(scan: Scan, paths: SnapshotPaths, at: { path: string; depth: number }): Promise<void> {
  if (at.depth > DEEPEST) throw renderFailed(`'${at.path}' is nested more than ${DEEPEST} directories deep`);
  const entries = await paths.list(at.path);
  scan.visited += entries.length;
  if (scan.visited > MOST_ENTRIES) throw renderFailed(`more than ${MOST_ENTRIES} files below spec.path`);
  if (at.depth > 0 && findKustomizationNames(entries).length > 0) {
    scan.units.push(at.path);
    scan.resources.push(at.path);
    return;
  }
  for (const entry of entries) {
    const path = posix.join(at.path, entry.name);
    if (entry.kind === 'directory') await scanInto(scan, paths, { path, depth: at.depth + 1 });
    else if (isManifestName(entry.name)) await addManifest(scan, paths, { ...entry, path });
  }
}

async function addManifest(scan: Scan, paths: SnapshotPaths, entry: TreeEntry & { path: string }): Promise<void> {
  if (entry.kind === 'file') {
    scan.files.push({ path: entry.path, id: entry.id });
    scan.resources.push(entry.path);
    return;
  }
  if (entry.kind !== 'symlink') return;
  // Flux's artifacts hold no symlinks. One that leads out of the repository is refused rather than passed over.
  await paths.resolve(entry.path);
  scan.warnings.push(`${entry.path} is a symbolic link and was not read`);
}

function isManifestName(name: string): boolean {
  return name.endsWith('.yaml') || name.endsWith('.yml');
}
