import assert from 'node:assert/strict';
import type { LogLine } from './start-hawser.ts';

/** One run of the pipeline for one key, as its process logged it. */
export interface LoggedRun {
  readonly object: string;
  /** Which of the given processes ran it. */
  readonly process: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Infinity while it runs, and for a run that was cut off by its process' death. */
  endedAt: number;
  outcome: string | undefined;
}

interface LoggingProcess {
  readonly log: readonly LogLine[];
}

const STARTED = 'sync started';
const ENDED = new Set([
  'sync ended',
  'sync changed the cluster',
  'sync failed',
  'sync aborted',
  'sync not concluded, will retry',
]);

/** Reads the runs out of the debug logs of one or more processes. */
export function listRuns(...processes: readonly LoggingProcess[]): LoggedRun[] {
  return processes.flatMap(({ log }, process) => {
    const runs: LoggedRun[] = [];
    for (const line of log) {
      const object = String(line.object);
      const at = Date.parse(String(line.ts));
      if (line.msg === STARTED) {
        runs.push({ object, process, startedAt: at, endedAt: Number.POSITIVE_INFINITY, outcome: undefined });
      } else if (ENDED.has(line.msg)) {
        const run = runs.findLast((candidate) => candidate.object === object && candidate.endedAt === Infinity);
        assert.ok(run, `a run of ${object} ended that had not started`);
        run.endedAt = at;
        run.outcome = line.outcome === undefined ? undefined : String(line.outcome);
      }
    }
    return runs;
  });
}

/** Fails if two runs of one key ever overlapped, in one process or in two. */
export function assertOneRunAtATime(...processes: readonly LoggingProcess[]): void {
  const byObject = Map.groupBy(listRuns(...processes), ({ object }) => object);
  for (const [object, runs] of byObject) {
    runs.sort((a, b) => a.startedAt - b.startedAt || a.endedAt - b.endedAt);
    for (const [index, run] of runs.entries()) {
      const next = runs[index + 1];
      if (!next || run.endedAt <= next.startedAt) continue;
      assert.fail(`two runs of ${object} at once: ${JSON.stringify([run, next])}`);
    }
  }
}
