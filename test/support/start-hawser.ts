import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { findControlPlaneTools } from './control-plane-tools.ts';
import type { Watchdog } from './start-watchdog.ts';

/** One line of Hawser's log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface HawserOptions {
  readonly kubeconfig: string;
  /** The only namespace to watch; all if absent. */
  readonly namespace?: string | undefined;
  /** Kept by the caller if given, so that a process can be killed and started again on it. */
  readonly dataDir?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
  /** File that gets everything the process writes. */
  readonly logFile?: string | undefined;
  /** Ends it if this process cannot; it gets a process group of its own then, so that a Ctrl-C reaches it only through `end`. */
  readonly watchdog?: Watchdog;
}

/** A real Hawser process. */
export interface HawserProcess {
  /** Of the public listener; empty for a process without the role `server`. */
  readonly publicUrl: string;
  readonly internalUrl: string;
  readonly artifactUrl: string;
  readonly dataDir: string;
  readonly pid: number;
  /** Everything it has logged. */
  readonly log: readonly LogLine[];
  /** Everything it has written, as text: the place to look for secrets. */
  output(): string;
  /** Ends it with a signal and waits; SIGTERM is graceful. Answers the exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Starts Hawser from its sources on free ports and waits until it says that it is ready. */
export async function startHawser(options: HawserOptions): Promise<HawserProcess> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'hawser-data-')));
  const tools = await findControlPlaneTools();
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env.PATH ?? '',
      HOME: dataDir,
      KUBECONFIG: options.kubeconfig,
      HAWSER_DATA_DIR: dataDir,
      HAWSER_PUBLIC_ADDR: '127.0.0.1:0',
      HAWSER_INTERNAL_ADDR: '127.0.0.1:0',
      HAWSER_ARTIFACT_ADDR: '127.0.0.1:0',
      HAWSER_KUSTOMIZE_PATH: join(tools, 'kustomize'),
      HAWSER_LOG_LEVEL: 'debug',
      ...(options.namespace === undefined ? {} : { HAWSER_NAMESPACE: options.namespace }),
      ...options.env,
    },
    detached: options.watchdog !== undefined,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid !== undefined) options.watchdog?.guard(child.pid);
  const log: LogLine[] = [];
  const text: string[] = [];
  const ready = followOutput(child, { log, text, logFile: options.logFile });
  const exited = once(child, 'exit');
  await Promise.race([
    ready,
    exited.then(([code]) => {
      throw new Error(`hawser ended with code ${code} before it was ready:\n${text.slice(-20).join('\n')}`);
    }),
  ]);
  const urlOf = (listener: string) => {
    const line = log.find((candidate) => candidate.msg === 'listening' && candidate.listener === listener);
    return line ? `http://127.0.0.1:${line.port}` : '';
  };
  return {
    publicUrl: urlOf('public'),
    internalUrl: urlOf('internal'),
    artifactUrl: urlOf('artifact'),
    dataDir,
    pid: child.pid ?? 0,
    log,
    output: () => text.join('\n'),
    async end(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await exited;
      }
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true, maxRetries: 3 });
      return child.exitCode;
    },
  };
}

/** Collects what the process writes; resolves with its line `ready`. */
function followOutput(
  child: ChildProcess,
  { log, text, logFile }: { log: LogLine[]; text: string[]; logFile: string | undefined },
): Promise<void> {
  const file = logFile === undefined ? undefined : createWriteStream(logFile, { flags: 'a' });
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      text.push(line);
      file?.write(`${line}\n`);
      if (!line.startsWith('{')) return;
      const parsed = JSON.parse(line) as LogLine;
      log.push(parsed);
      if (parsed.msg === 'ready') resolve();
    });
  }
  return promise;
}
