import type { LocatedObject } from '../manifest/parse-manifests.ts';
import type { Tree } from '../model/tree.ts';
import type { ByteCache } from './byte-cache.ts';
import { freeze } from './conclude-objects.ts';
import { parseInSlices } from './parse-in-slices.ts';
import { createPause } from './pause.ts';
import { renderFailed } from './render-error.ts';
import type { RenderLimits } from './render-limits.ts';
import type { ManifestFile } from './scan-directory.ts';
import { setTargetNamespace } from './set-target-namespace.ts';

/** The objects of single files by blob id: a push that changes one file parses one file. */
export type ParsedFiles = ByteCache<{ readonly objects: readonly LocatedObject[]; readonly bytes: number }>;

/** Reads manifests in the given order; what a file holds is read once, whatever its name. Throws MANIFEST_INVALID. */
export async function readManifests(
  tree: Tree,
  files: readonly ManifestFile[],
  { parsed, limits }: { parsed: ParsedFiles; limits: RenderLimits },
): Promise<{ readonly objects: readonly LocatedObject[]; readonly bytes: number }> {
  if (files.length > limits.files) throw renderFailed(`a build may read at most ${limits.files} files`);
  const pause = createPause();
  const objects: LocatedObject[] = [];
  let bytes = 0;
  for (const file of files) {
    const read = await readManifest(tree, file, parsed);
    bytes += read.bytes;
    if (bytes > limits.bytes) throw renderFailed(`a build may read at most ${limits.bytes} bytes`);
    for (const located of read.objects) objects.push({ ...located, file: file.path });
    await pause();
  }
  return { objects, bytes };
}

/** Moves located objects into a namespace; each keeps its place. */
export function moveToNamespace(
  built: readonly LocatedObject[],
  namespace: string | undefined,
): readonly LocatedObject[] {
  if (namespace === undefined) return built;
  const moved = setTargetNamespace(
    built.map(({ object }) => object),
    namespace,
  );
  return built.map((located, index) => ({ ...located, object: moved[index] ?? located.object }));
}

async function readManifest(
  tree: Tree,
  file: ManifestFile,
  parsed: ParsedFiles,
): Promise<{ readonly objects: readonly LocatedObject[]; readonly bytes: number }> {
  const known = parsed.get(file.id);
  if (known) return known;
  const content = await tree.read(file.path);
  const objects = await parseInSlices(content.toString('utf8'), { file: file.path });
  for (const { object } of objects) freeze(object);
  const read = { objects, bytes: content.length };
  parsed.set(file.id, read, content.length);
  return read;
}
