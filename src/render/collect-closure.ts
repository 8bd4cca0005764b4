import { toCanonicalJson } from '../manifest/canonical-json.ts';
import { parseYaml } from '../manifest/parse-yaml.ts';
import type { Fields } from './fields.ts';
import { parseKustomization, splitUnknownFields } from './kustomization-file.ts';
import {
  isInlineYaml,
  PLUGIN_FIELDS,
  type Reference,
  referencesOf,
  referencesOfPlugin,
  textsOf,
} from './kustomization-references.ts';
import { type OverlayFields, overlayKustomization } from './overlay-kustomization.ts';
import { renderFailed } from './render-error.ts';
import { findKustomizationNames } from './scan-directory.ts';
import { joinInside, type ResolvedPath, type SnapshotPaths } from './snapshot-paths.ts';

/** A file of a build: a file of the snapshot, decrypted under that name if there is one, or one that is written anew. */
export type ClosureFile =
  | { readonly kind: 'snapshot'; readonly id: string; readonly decryptAs?: string }
  | { readonly kind: 'written'; readonly text: string };

/** Everything that a kustomize build reads, and nothing else: all paths are inside the snapshot, none is remote. */
export interface Closure {
  readonly files: ReadonlyMap<string, ClosureFile>;
  readonly links: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

const GENERATED = 'kustomization.yaml';

interface Walk {
  readonly paths: SnapshotPaths;
  readonly files: Map<string, ClosureFile>;
  readonly directories: Set<string>;
  readonly warnings: string[];
}

/** What kustomize would fetch from elsewhere: URLs, scp-like addresses, hosts and repositories by convention. */
const REMOTE = /^(?:git::|gh:|[a-z][a-z0-9+.-]*:\/\/|[^/\s]+@[^/\s]+:|(?:www\.)?github\.com[/:])|[?&](?:ref|version)=/i;

/** Walks the kustomization files from a directory on and collects all that they name. Throws RENDER_FAILED. */
export async function collectClosure(
  paths: SnapshotPaths,
  directory: string,
  overlay: OverlayFields,
): Promise<Closure> {
  const walk = createWalk(paths);
  walk.directories.add(directory);
  const { name, fields } = await readKustomization(walk, directory);
  const { known, unknown } = splitUnknownFields(fields);
  // Flux reads the root file leniently: a field that kustomize does not know has no effect there.
  for (const field of unknown) walk.warnings.push(`${join(directory, name)}: unknown field '${field}' was ignored`);
  await walkKustomization(walk, {
    directory,
    name,
    fields: overlayKustomization(known, overlay, join(directory, name)),
  });
  return { files: walk.files, links: paths.links, warnings: walk.warnings };
}

/** As `collectClosure`, for a directory without a kustomization: one that names the given resources is generated. */
export async function collectGeneratedClosure(
  paths: SnapshotPaths,
  directory: string,
  generated: { resources: readonly string[]; overlay: OverlayFields },
): Promise<Closure> {
  const walk = createWalk(paths);
  walk.directories.add(directory);
  const resources = generated.resources.map(
    (path) => `./${directory === '' ? path : path.slice(directory.length + 1)}`,
  );
  // The placeholder is Flux's: without any field kustomize would refuse the file as empty.
  const isEmpty = resources.length === 0 && !generated.overlay.components?.length;
  const base = isEmpty ? { namespace: '_placeholder' } : { resources };
  const { buildMetadata: _, ...rest } = overlayKustomization(base, generated.overlay, GENERATED);
  const { buildMetadata } = generated.overlay;
  const fields = buildMetadata?.length ? { ...rest, buildMetadata } : rest;
  await walkKustomization(walk, { directory, name: GENERATED, fields });
  return { files: walk.files, links: paths.links, warnings: walk.warnings };
}

function createWalk(paths: SnapshotPaths): Walk {
  return { paths, files: new Map(), directories: new Set(), warnings: [] };
}

async function readKustomization(walk: Walk, directory: string): Promise<{ name: string; fields: Fields }> {
  const names = findKustomizationNames(await walk.paths.list(directory));
  const [name] = names;
  if (name === undefined) throw renderFailed(`'${directory || '.'}' holds no kustomization.yaml`);
  if (names.length > 1)
    throw renderFailed(`'${directory || '.'}' holds several kustomization files: ${names.join(', ')}`);
  const file = join(directory, name);
  const resolved = await walk.paths.resolve(file);
  if (resolved?.kind !== 'file') throw renderFailed(`'${file}' is not a file`);
  const text = (await walk.paths.tree.read(resolved.path)).toString('utf8');
  return { name, fields: parseKustomization(text, file) };
}

/**
 * Writes one kustomization as it was understood here, never as it stands in the snapshot: kustomize's reader is laxer
 * than ours (keys in any case), and must not see a path that was not checked.
 */
async function walkKustomization(walk: Walk, at: { directory: string; name: string; fields: Fields }): Promise<void> {
  const file = join(at.directory, at.name);
  for (const reference of referencesOf(at.fields, file)) await walkReference(walk, at.directory, reference);
  const fields: Record<string, unknown> = { ...at.fields };
  for (const field of PLUGIN_FIELDS) {
    if (!(field in fields)) continue;
    const entries: string[] = [];
    for (const { where, text } of textsOf({ where: `${file}: `, fields: at.fields }, field)) {
      entries.push(await walkPlugin(walk, at.directory, { where, entry: text }));
    }
    fields[field] = entries;
  }
  walk.files.set(file, { kind: 'written', text: toCanonicalJson(fields) });
}

async function walkReference(walk: Walk, directory: string, reference: Reference): Promise<void> {
  const found = await findReference(walk, directory, reference);
  const what = `${reference.where} '${reference.path}'`;
  if (found.kind === 'submodule') throw renderFailed(`${what} is a Git submodule, which is not fetched`);
  if (found.kind === 'directory') {
    if (reference.wants === 'file') throw renderFailed(`${what} is a directory, a file is needed`);
    return walkDirectory(walk, found.path);
  }
  if (reference.wants === 'directory') throw renderFailed(`${what} is a file, a directory is needed`);
  addFile(walk, found, reference.decryptAs);
}

/** A file that is named twice is decrypted if either place wants it so. */
function addFile(walk: Walk, found: ResolvedPath, decryptAs: string | undefined): void {
  const known = walk.files.get(found.path);
  if (known && (known.kind === 'written' || known.decryptAs !== undefined || decryptAs === undefined)) return;
  const file = { kind: 'snapshot', id: found.id } as const;
  walk.files.set(found.path, decryptAs === undefined ? file : { ...file, decryptAs });
}

async function walkDirectory(walk: Walk, directory: string): Promise<void> {
  if (walk.directories.has(directory)) return;
  walk.directories.add(directory);
  const { name, fields } = await readKustomization(walk, directory);
  const { known, unknown } = splitUnknownFields(fields);
  if (unknown.length > 0) throw renderFailed(`${join(directory, name)}: unknown field '${unknown.join("', '")}'`);
  await walkKustomization(walk, { directory, name, fields: known });
}

async function findReference(walk: Walk, directory: string, reference: Reference): Promise<ResolvedPath> {
  const what = `${reference.where} '${reference.path}'`;
  if (REMOTE.test(reference.path)) throw renderFailed(`${what} is remote; only files of this source are built`);
  const path = joinInside(directory, reference.path);
  if (path === undefined) throw renderFailed(`${what} leads out of the source`);
  const found = await walk.paths.resolve(path);
  if (!found) throw renderFailed(`${what}: no such file or directory`);
  return found;
}

/** Checks a plugin and returns what to write in its place: inline as understood here, or the path as it is. */
async function walkPlugin(walk: Walk, directory: string, plugin: { where: string; entry: string }): Promise<string> {
  if (isInlineYaml(plugin.entry)) return walkPluginConfig(walk, directory, { where: plugin.where, text: plugin.entry });
  const found = await findReference(walk, directory, { where: plugin.where, path: plugin.entry, wants: 'file' });
  const what = `${plugin.where} '${plugin.entry}'`;
  if (found.kind !== 'file') throw renderFailed(`${what} is not a file`);
  const text = (await walk.paths.tree.read(found.path)).toString('utf8');
  walk.files.set(found.path, { kind: 'written', text: await walkPluginConfig(walk, directory, { where: what, text }) });
  return plugin.entry;
}

async function walkPluginConfig(
  walk: Walk,
  directory: string,
  config: { where: string; text: string },
): Promise<string> {
  const documents = parseYaml(config.text, { file: config.where });
  for (const { value } of documents) {
    for (const reference of referencesOfPlugin(value, config.where)) await walkReference(walk, directory, reference);
  }
  return documents.map(({ value }) => toCanonicalJson(value)).join('\n---\n');
}

function join(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}
