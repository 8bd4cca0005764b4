import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Watchdog } from './start-watchdog.ts';

/** A server that a test run started: its output goes to a file, and the watchdog ends it if this process cannot. */
export interface GuardedProcess {
  readonly name: string;
  /** Rejects, with the end of its log, if the process ends before `stop` is called. */
  readonly failed: Promise<never>;
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Working directory, and where `<name>.log` is written. */
  readonly dir: string;
  readonly watchdog: Watchdog;
}

const GRACE_MS = 10_000;

/** Starts a server in a process group of its own, so that a Ctrl-C reaches it only through `stop` or the watchdog. */
export function startGuardedProcess({ command, args, dir, watchdog }: ProcessOptions): GuardedProcess {
  const name = basename(command);
  const logFile = join(dir, `${name}.log`);
  const log = openSync(logFile, 'w');
  const child = spawn(command, args, { cwd: dir, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  if (child.pid !== undefined) watchdog.guard(child.pid);
  child.unref();
  let stopping = false;
  const exited = Promise.race([once(child, 'exit'), once(child, 'error')]);
  const failed = exited.then((): Promise<never> => {
    if (stopping) return new Promise(() => {});
    throw new Error(`${name} ended while it was needed; its log ends with:\n${tailOf(logFile)}`);
  });
  failed.catch(() => {});
  return {
    name,
    failed,
    stop: async (signal) => {
      stopping = true;
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      child.ref();
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

function tailOf(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
}
