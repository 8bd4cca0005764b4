import { HawserError } from '../errors/hawser-error.ts';
import { digestOf } from '../manifest/canonical-json.ts';
import type { ByteCache } from './byte-cache.ts';
import { type Closure, collectClosure, collectGeneratedClosure } from './collect-closure.ts';
import { concludeObjects } from './conclude-objects.ts';
import type { Limiter } from './limiter.ts';
import { type KustomizeOptions, renderKustomization } from './render-kustomization.ts';
import { moveToNamespace, type ParsedFiles, readManifests } from './render-plain.ts';
import type { Rendered, RenderRequest } from './render-request.ts';
import { findKustomizationNames, type ScannedDirectory, scanDirectory } from './scan-directory.ts';
import { createSnapshotPaths, joinInside, type ResolvedPath, type SnapshotPaths } from './snapshot-paths.ts';
import type { Tree } from './tree.ts';
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

/** Renders one path of a snapshot: by kustomize if a kustomization stands there or below it, else in process. */
export async function renderSnapshot(context: RenderContext, run: Run): Promise<Rendered> {
  const { request } = run;
  run.signal.throwIfAborted();
  const paths = createSnapshotPaths(request.ignored ? withoutIgnored(run.tree, request.ignored) : run.tree);
  const directory = await findDirectory(paths, request.path);
  const at = { paths, directory };
  if (findKustomizationNames(await paths.list(directory.path)).length > 0) {
    return build(context, run, {
      ...at,
      closure: await collectClosure(paths, directory.path, request.targetNamespace),
    });
  }
  const key = keyOfPlain(directory, request);
  const known = key === undefined ? undefined : context.rendered.get(key);
  if (known) return known;
  const scan = await scanDirectory(paths, directory.path);
  if (scan.units.length > 0) return buildMixed(context, run, { ...at, scan });
  return readPlain(context, run, { ...at, scan, key });
}

/** Undefined if the result may not be kept: an ignore rule without identity. */
function keyOfPlain(directory: ResolvedPath, request: RenderRequest): string | undefined {
  if (request.ignored !== undefined && request.ignoredId === undefined) return undefined;
  return digestOf(['plain', directory.id, directory.path, request.targetNamespace, request.ignoredId]);
}

async function readPlain(
  context: RenderContext,
  run: Run,
  { paths, scan, key }: Located & { scan: ScannedDirectory; key: string | undefined },
): Promise<Rendered> {
  const { parsed, kustomize } = context;
  const { objects, bytes } = await readManifests(paths.tree, scan.files, { parsed, limits: kustomize.limits });
  run.signal.throwIfAborted();
  const moved = moveToNamespace(objects, run.request.targetNamespace);
  const rendered = { ...concludeObjects(moved, kustomize.limits), warnings: scan.warnings };
  if (key !== undefined) context.rendered.set(key, rendered, bytes);
  return rendered;
}

/** A plain directory with kustomizations in sub-directories: one that names them all is generated, as Flux does. */
async function buildMixed(
  context: RenderContext,
  run: Run,
  { paths, directory, scan }: Located & { scan: ScannedDirectory },
): Promise<Rendered> {
  // Flux requires every manifest beside the units to be one; the messages are better than kustomize's, too.
  await readManifests(paths.tree, scan.files, { parsed: context.parsed, limits: context.kustomize.limits });
  const { resources } = scan;
  const { targetNamespace } = run.request;
  const closure = await collectGeneratedClosure(paths, directory.path, { resources, targetNamespace });
  const warnings = [...scan.warnings, ...closure.warnings];
  return build(context, run, { paths, directory, closure: { ...closure, warnings } });
}

async function build(
  context: RenderContext,
  run: Run,
  { paths, directory, closure }: Located & { closure: Closure },
): Promise<Rendered> {
  const key = digestOf(['kustomize', directory.path, [...closure.files], [...closure.links]]);
  const built = context.rendered.get(key) ?? (await buildOnce());
  return { ...built, warnings: [...closure.warnings, ...built.warnings] };

  async function buildOnce(): Promise<Rendered> {
    await context.prepare();
    const { objects, bytes, warnings } = await context.limit(
      () =>
        renderKustomization(context.kustomize, { tree: paths.tree, closure, directory: directory.path }, run.signal),
      run.signal,
    );
    const rendered = { ...concludeObjects(objects, context.kustomize.limits), warnings };
    context.rendered.set(key, rendered, bytes);
    return rendered;
  }
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
