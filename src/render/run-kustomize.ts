import { type ChildProcess, spawn } from 'node:child_process';
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { renderFailed } from './render-error.ts';
import { withoutContents } from './without-contents.ts';

const SHELL = '/bin/sh';
/** What Go says as it dies of it. */
const OUT_OF_MEMORY = /^(?:runtime: out of memory|fatal error: .*(?:memory|arena))/m;
const LONGEST_MESSAGE = 2_000;
const MOST_ERROR_BYTES = 64 * 1024;

export interface KustomizeRun {
  readonly kustomizePath: string;
  /** The directory that holds everything the build may read; absolute, without symlinks. */
  readonly root: string;
  /** The kustomization's directory below the root. */
  readonly directory: string;
  /** An empty directory: kustomize looks for plugins and settings below it. */
  readonly home: string;
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  /** Address space that the program may take; a Go program takes 640 MiB of it at its start. */
  readonly maxMemoryBytes: number;
}

interface Outcome {
  readonly output: string;
  readonly errors: string;
  readonly failed: boolean;
}

/** Runs `kustomize build` on prepared files and returns its YAML and warnings. Throws RENDER_FAILED or RENDER_TIMEOUT. */
export async function runKustomize(
  run: KustomizeRun,
  signal: AbortSignal,
): Promise<{ readonly output: string; readonly warnings: readonly string[] }> {
  signal.throwIfAborted();
  const deadline = AbortSignal.timeout(run.timeoutMs);
  const stop = AbortSignal.any([signal, deadline]);
  const outcome = await collect(start(run), run, stop);
  signal.throwIfAborted();
  if (stop.aborted) {
    throw new HawserError(
      'RENDER_TIMEOUT',
      `kustomize build of '${run.directory || '.'}' took longer than ${run.timeoutMs} ms`,
    );
  }
  const { warnings, message } = readErrors(outcome.errors, run);
  if (OUT_OF_MEMORY.test(outcome.errors)) {
    throw renderFailed(`kustomize needs more than ${run.maxMemoryBytes} bytes of memory: split the kustomization`);
  }
  if (outcome.failed) throw renderFailed(message);
  return { output: outcome.output, warnings };
}

/** GOMEMLIMIT only makes Go collect garbage harder; the limit of the address space is what stops it, where there is one. */
function limitMemory(bytes: number): string {
  return `ulimit -v ${Math.floor(bytes / 1024)} 2>/dev/null; exec "$0" "$@"`;
}

/** No variable of ours reaches the child; an empty PATH leaves it no git, no Helm and no plugin to start. */
function start(run: KustomizeRun): ChildProcess {
  const directory = run.directory === '' ? run.root : `${run.root}/${run.directory}`;
  const build = [run.kustomizePath, 'build', '--load-restrictor', 'LoadRestrictionsNone', directory];
  return spawn(SHELL, ['-c', limitMemory(run.maxMemoryBytes), ...build], {
    cwd: run.root,
    env: {
      PATH: '',
      HOME: run.home,
      XDG_CONFIG_HOME: run.home,
      TMPDIR: run.home,
      GOMEMLIMIT: '512MiB',
      GOMAXPROCS: '2',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function collect(child: ChildProcess, run: KustomizeRun, stop: AbortSignal): Promise<Outcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  let bytes = 0;
  let errorBytes = 0;
  const kill = (): void => void child.kill('SIGKILL');
  child.stdout?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > run.maxOutputBytes) kill();
    else output.push(chunk);
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    errorBytes += chunk.length;
    if (errorBytes <= MOST_ERROR_BYTES) errors.push(chunk);
  });
  child.on('error', (error) => {
    reject(new HawserError('RENDER_UNAVAILABLE', `cannot start ${SHELL}: ${messageOf(error)}`, { cause: error }));
  });
  child.on('close', (code) => {
    if (bytes > run.maxOutputBytes) reject(renderFailed(`the output is larger than ${run.maxOutputBytes} bytes`));
    else resolve({ output: text(output), errors: text(errors), failed: code !== 0 });
  });
  stop.addEventListener('abort', kill, { once: true });
  if (stop.aborted) kill();
  return promise.finally(() => stop.removeEventListener('abort', kill));
}

/**
 * Warnings, and the message for people: without the directory that the build ran in, without what it quotes of its
 * input, and without what follows the first blank line, where kustomize prints whole objects.
 */
function readErrors(errors: string, run: KustomizeRun): { warnings: readonly string[]; message: string } {
  const clean = errors.replaceAll(`${run.root}/`, '').replaceAll(run.root, '.').trim();
  const lines = clean.split('\n');
  const warnings = lines
    .filter((line) => line.startsWith('# Warning: '))
    .map((line) => line.slice('# Warning: '.length));
  const rest = lines
    .filter((line) => !line.startsWith('# Warning: '))
    .join('\n')
    .replace(/^Error: /, '');
  const [message = ''] = withoutContents(rest).split(/\n\s*\n|\n---/, 1);
  return { warnings, message: message.slice(0, LONGEST_MESSAGE) || 'kustomize ended without a message' };
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString('utf8');
}
