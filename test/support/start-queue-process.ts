import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import type { QueueProcessOptions } from './queue-process.ts';
import { startWatchdog } from './start-watchdog.ts';

/** A process that works on a queue, to be killed in the middle of it. */
export interface QueueProcess {
  /** Resolves with the first line that it writes: its job has begun. */
  readonly firstLine: Promise<string>;
  /** Sends SIGKILL and waits for its end. */
  kill(): Promise<void>;
}

/** Starts `queue-process.ts`; whatever happens, it does not outlive the test. */
export function startQueueProcess(t: Pick<TestContext, 'after'>, options: QueueProcessOptions): QueueProcess {
  const script = new URL('./queue-process.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const watchdog = startWatchdog();
  if (child.pid !== undefined) watchdog.guard(child.pid);
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const firstLine = Promise.race([
    once(lines, 'line').then(([line]) => String(line)),
    ended.then(() => {
      throw new Error('the queue process ended before its job began');
    }),
  ]);
  firstLine.catch(() => {});
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
    watchdog.dismiss();
  };
  t.after(kill);
  return { firstLine, kill };
}
