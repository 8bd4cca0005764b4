import { HawserError } from '../errors/hawser-error.ts';
import type { Tree } from '../model/tree.ts';
import { createByteCache } from './byte-cache.ts';
import { createLimiter } from './limiter.ts';
import { prepareWorkDir } from './render-kustomization.ts';
import { RENDER_LIMITS, type RenderLimits } from './render-limits.ts';
import type { Rendered, RenderRequest } from './render-request.ts';
import { type RenderContext, renderSnapshot } from './render-snapshot.ts';

/*
 * A snapshot of files and a Kustomization's path become objects: plain directories in process, as Flux and kustomize
 * would build them, directories with a kustomization, and what a spec adds to one, by the kustomize program. Results
 * are cached by content. Where the snapshot comes from, what is done with the objects, and who is told of warnings is left to others.
 */

export interface RendererOptions {
  /** Directory for the private, short-lived directories that kustomize builds in. */
  readonly workDir: string;
  /** The kustomize program: a path, or a name in `searchPath`; default `kustomize`. */
  readonly kustomizePath?: string;
  /** Directories separated as in PATH; default `/usr/local/bin:/usr/bin:/bin`. */
  readonly searchPath?: string;
  /** kustomize builds at the same time; default 2. Plain directories do not wait for them. */
  readonly concurrency?: number;
  /** Time that one kustomize build may take; default 60 s. */
  readonly timeoutMs?: number;
  /** Default 64 MiB. */
  readonly maxOutputBytes?: number;
  /** Address space of one kustomize build; default 2 GiB, of which a Go program takes 640 MiB at its start. */
  readonly maxMemoryBytes?: number;
  /** Bytes of YAML whose results are kept, for results and for parsed files each; default 64 MiB. */
  readonly maxCacheBytes?: number;
  /** Default: 50,000 files, 128 MiB, 50,000 objects. */
  readonly limits?: Partial<RenderLimits>;
}

export interface Renderer {
  /** Throws RENDER_PATH_NOT_FOUND, RENDER_FAILED, RENDER_TIMEOUT, RENDER_UNAVAILABLE or MANIFEST_INVALID. */
  render(tree: Tree, request: RenderRequest, signal: AbortSignal): Promise<Rendered>;
  /** Stops running builds and waits for them; their renders reject. */
  close(): Promise<void>;
}

const MEBIBYTE = 1024 * 1024;

export function createRenderer(options: RendererOptions): Renderer {
  const maxCacheBytes = options.maxCacheBytes ?? 64 * MEBIBYTE;
  const context: RenderContext = {
    kustomize: {
      workDir: options.workDir,
      kustomizePath: options.kustomizePath ?? 'kustomize',
      searchPath: options.searchPath ?? '/usr/local/bin:/usr/bin:/bin',
      timeoutMs: options.timeoutMs ?? 60_000,
      maxOutputBytes: options.maxOutputBytes ?? 64 * MEBIBYTE,
      maxMemoryBytes: options.maxMemoryBytes ?? 2048 * MEBIBYTE,
      limits: { ...RENDER_LIMITS, ...options.limits },
    },
    prepare: once(() => prepareWorkDir(options.workDir)),
    limit: createLimiter(options.concurrency ?? 2),
    rendered: createByteCache(maxCacheBytes),
    parsed: createByteCache(maxCacheBytes),
  };
  const closing = new AbortController();
  const running = new Set<Promise<Rendered>>();

  return {
    async render(tree, request, signal) {
      const run = renderSnapshot(context, { tree, request, signal: AbortSignal.any([signal, closing.signal]) });
      running.add(run);
      return run.finally(() => running.delete(run));
    },
    async close() {
      closing.abort(new HawserError('INTERNAL', 'the renderer was closed'));
      await Promise.allSettled(running);
      context.rendered.clear();
      context.parsed.clear();
    },
  };
}

/** Runs a task at the first call only; a failed one is tried again at the next. */
function once(task: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return async () => {
    done ??= task();
    try {
      await done;
    } catch (error) {
      done = undefined;
      throw error;
    }
  };
}
