import { HawserError } from '../errors/hawser-error.ts';
import { digestOf } from '../manifest/canonical-json.ts';
import type { LocatedObject } from '../manifest/parse-manifests.ts';
import type { Tree } from '../model/tree.ts';
import type { ByteCache } from './byte-cache.ts';
import { checkOverlay } from './check-overlay.ts';
import { type Closure, collectClosure, collectGeneratedClosure } from './collect-closure.ts';
import { concludeObjects, requireDistinct, requireFew } from './conclude-objects.ts';
import { dropBuildMetadata } from './drop-build-metadata.ts';
import { findComponents } from './find-components.ts';
import { type Finish, finishObjects, idOfFinish } from './finish-objects.ts';
import type { Limiter } from './limiter.ts';
import { namePatch } from './name-patch.ts';
import { mergeImages, type OverlayFields } from './overlay-kustomization.ts';
import { type KustomizeOptions, renderKustomization } from './render-kustomization.ts';
import { moveToNamespace, type ParsedFiles, readManifests } from './render-plain.ts';
import type { Overlay, Rendered, RenderRequest } from './render-request.ts';
import { replaceImages } from './replace-images.ts';
import { findKustomizationNames, type ScannedDirectory, scanDirectory } from './scan-directory.ts';
import { createSnapshotPaths, joinInside, type ResolvedPath, type SnapshotPaths } from './snapshot-paths.ts';
import { withoutIgnored } from './without-ignored.ts';

/** What the renders of one renderer share. */
export interface RenderContext {
  readonly kustomize: KustomizeOptions;
  /** Makes the work directory ready, once. */
  readonly prepare: () => Promise<void>;
  /** Bounds the kustomize builds at the same time. */
  readonly limit: Limiter;
  readonly rendered: ByteCache<Rendered>;
  readonly parsed: ParsedFiles;
}

interface Run {
  readonly tree: Tree;
  readonly request: RenderRequest;
  readonly signal: AbortSignal;
}

interface Located {
  readonly paths: SnapshotPaths;
  readonly directory: ResolvedPath;
}

/** Renders one path of a snapshot: by kustomize if a kustomization or a field of the spec asks for it, else in process. */
export async function renderSnapshot(context: RenderContext, run: Run): Promise<Rendered> {
  const { request } = run;
  run.signal.throwIfAborted();
  checkOverlay(request.overlay ?? {});
  const paths = createSnapshotPaths(request.ignored ? withoutIgnored(run.tree, request.ignored) : run.tree);
  const directory = await findDirectory(paths, request.path);
  const at = { paths, directory };
  if (findKustomizationNames(await paths.list(directory.path)).length > 0) {
    const overlay = await toOverlayFields(at, request);
    return build(context, run, { ...at, closure: await collectClosure(paths, directory.path, overlay) });
  }
  const key = keyOfPlain(directory, request);
  const known = key === undefined ? undefined : context.rendered.get(key);
  if (known) return known;
  const scan = await scanDirectory(paths, directory.path);
  const isPlain = scan.units.length === 0 && !needsKustomize(request.overlay ?? {});
  const rendered = isPlain ? await readPlain(context, run, { ...at, scan, key }) : undefined;
  return rendered ?? buildGenerated(context, run, { ...at, scan });
}

/** Images, common metadata and a target namespace are put into plain manifests in process. */
function needsKustomize(overlay: Overlay): boolean {
  const { namePrefix, nameSuffix, patches, components, buildMetadata, patchesStrategicMerge, patchesJson6902 } =
    overlay;
  const lists: readonly (readonly unknown[] | undefined)[] = [
    ...[patches, components, buildMetadata, patchesStrategicMerge, patchesJson6902],
  ];
  return Boolean(namePrefix || nameSuffix || lists.some((list) => list?.length));
}

async function toOverlayFields({ paths, directory }: Located, request: RenderRequest): Promise<OverlayFields> {
  const { targetNamespace, overlay = {} } = request;
  return { ...overlay, targetNamespace, components: await findComponents(paths, directory.path, overlay) };
}

/** Undefined if the result may not be kept: an ignore rule without identity. */
function keyOfPlain(directory: ResolvedPath, request: RenderRequest): string | undefined {
  if (request.ignored !== undefined && request.ignoredId === undefined) return undefined;
  if (needsKustomize(request.overlay ?? {})) return undefined;
  const { targetNamespace, ignoredId, overlay } = request;
  const { id, path } = directory;
  return digestOf(['plain', id, path, targetNamespace, ignoredId, overlay?.images, idOfFinish(toFinish(request))]);
}

/** Undefined where kustomize must be asked. */
async function readPlain(
  context: RenderContext,
  run: Run,
  { paths, scan, key }: Located & { scan: ScannedDirectory; key: string | undefined },
): Promise<Rendered | undefined> {
  const { parsed, kustomize } = context;
  const { targetNamespace, overlay } = run.request;
  const { objects, bytes } = await readManifests(paths.tree, scan.files, { parsed, limits: kustomize.limits });
  run.signal.throwIfAborted();
  const moved = moveToNamespace(objects, targetNamespace);
  const images = mergeImages([], overlay?.images ?? []) as NonNullable<Overlay['images']>;
  const replaced = images.length === 0 ? moved : replaceImages(moved, images);
  if (!replaced) return undefined;
  requireDistinct(replaced);
  const rendered = await conclude(context, run, { objects: dropBuildMetadata(replaced), warnings: scan.warnings });
  if (key !== undefined) context.rendered.set(key, rendered, bytes);
  return rendered;
}

/** A directory without a kustomization that kustomize must build: one that names all of it is generated, as Flux does. */
async function buildGenerated(
  context: RenderContext,
  run: Run,
  { paths, directory, scan }: Located & { scan: ScannedDirectory },
): Promise<Rendered> {
  // Flux requires every manifest beside the units to be one; the messages are better than kustomize's, too.
  await readManifests(paths.tree, scan.files, { parsed: context.parsed, limits: context.kustomize.limits });
  const overlay = await toOverlayFields({ paths, directory }, run.request);
  const closure = await collectGeneratedClosure(paths, directory.path, { resources: scan.resources, overlay });
  const warnings = [...scan.warnings, ...closure.warnings];
  return build(context, run, { paths, directory, closure: { ...closure, warnings } });
}

async function build(
  context: RenderContext,
  run: Run,
  { paths, directory, closure }: Located & { closure: Closure },
): Promise<Rendered> {
  const key = digestOf([
    ...['kustomize', directory.path, [...closure.files], [...closure.links], idOfFinish(toFinish(run.request))],
  ]);
  const built = context.rendered.get(key) ?? (await buildOnce());
  return { ...built, warnings: [...closure.warnings, ...built.warnings] };

  async function buildOnce(): Promise<Rendered> {
    await context.prepare();
    const input = { tree: paths.tree, closure, directory: directory.path, decryptor: run.request.decryptor };
    const { bytes, ...output } = await context
      .limit(() => renderKustomization(context.kustomize, input, run.signal), run.signal)
      .catch((error: unknown) => {
        throw namePatch(error, run.request.overlay ?? {});
      });
    const rendered = await conclude(context, run, output);
    context.rendered.set(key, rendered, bytes);
    return rendered;
  }
}

async function conclude(
  context: RenderContext,
  run: Run,
  built: { readonly objects: readonly LocatedObject[]; readonly warnings: readonly string[] },
): Promise<Rendered> {
  requireFew(built.objects, context.kustomize.limits);
  const finished = await finishObjects(built.objects, toFinish(run.request), run.signal);
  return { ...(await concludeObjects(finished, context.kustomize.limits, run.signal)), warnings: built.warnings };
}

function toFinish({ decryptor, substitute, overlay }: RenderRequest): Finish {
  return {
    ...(decryptor && { decryptor }),
    ...(substitute && { substitute }),
    ...(overlay?.commonMetadata && { commonMetadata: overlay.commonMetadata }),
  };
}

async function findDirectory(paths: SnapshotPaths, written: string): Promise<ResolvedPath> {
  const path = joinInside('', written.replace(/^\/+/, ''));
  if (path === undefined) throw pathNotFound(`'${written}' leads out of the source`);
  const found = await paths.resolve(path);
  if (!found) throw pathNotFound(`stat ${path}: no such file or directory`);
  if (found.kind === 'directory') return found;
  throw pathNotFound(`${path} is a ${found.kind === 'file' ? 'file' : 'Git submodule'}, not a directory`);
}

function pathNotFound(detail: string): HawserError {
  return new HawserError('RENDER_PATH_NOT_FOUND', `kustomization path not found: ${detail}`);
}
