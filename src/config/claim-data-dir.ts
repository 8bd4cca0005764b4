import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HawserError } from '../errors/hawser-error.ts';

/** The right to use a data directory; given back by `release`. */
export interface DataDirClaim {
  release(): void;
}

interface Owner {
  readonly pid: number;
  /** Clock ticks since boot at which the process started: tells a process from a later one of the same id. */
  readonly startedAt: string | undefined;
}

/** Creates the data directory and claims it for this process; throws DATA_DIR_IN_USE naming the process that has it. */
export function claimDataDir(dataDir: string): DataDirClaim {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'owner.json');
  const self: Owner = { pid: process.pid, startedAt: startOf(process.pid) };
  for (let attempt = 1; ; attempt++) {
    try {
      writeFileSync(file, JSON.stringify(self), { flag: 'wx', mode: 0o600 });
      return { release: () => release(file, self) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const owner = readOwner(file);
      if ((owner && isRunning(owner)) || attempt > 2) throw toInUseError(dataDir, owner);
      rmSync(file, { force: true });
    }
  }
}

function release(file: string, self: Owner): void {
  if (readOwner(file)?.pid === self.pid) rmSync(file, { force: true });
}

function readOwner(file: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

/** The owner is dead if its id is free or belongs to a process that started at another time (also: this one). */
function isRunning({ pid, startedAt }: Owner): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return startOf(pid) === startedAt;
}

/** Field 22 of /proc/<pid>/stat (proc(5)); undefined where there is no /proc. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function toInUseError(dataDir: string, owner: Owner | undefined): HawserError {
  return new HawserError(
    'DATA_DIR_IN_USE',
    `HAWSER_DATA_DIR ${dataDir} is in use by process ${owner?.pid ?? 'unknown'}: stop that process, or give this one a directory of its own`,
  );
}
