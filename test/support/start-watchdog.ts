import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/** Outlives this process just long enough to end what it left behind. */
export interface Watchdog {
  guard(pid: number): void;
  /** Everything guarded has ended: nothing is killed or removed. */
  dismiss(): void;
}

// The pipe ends with the process that holds its other end, however that process died (SIGKILL included).
const SCRIPT = `
pids=""
while read -r line; do
  [ "$line" = done ] && exit 0
  pids="$pids $line"
done
if [ -n "$pids" ] && [ "$2" -gt 0 ]; then
  kill -15 $pids 2>/dev/null
  left=$2
  while [ "$left" -gt 0 ] && kill -0 $pids 2>/dev/null; do sleep 1; left=$((left - 1)); done
fi
[ -n "$pids" ] && kill -9 $pids 2>/dev/null
[ -z "$1" ] || rm -rf "$1" || { sleep 1; rm -rf "$1"; }
`;

/**
 * Starts a process that kills every guarded process, and removes `directory`, as soon as this process is gone.
 * With a grace period (seconds) it asks them to end first, so that they can stop what they started themselves.
 */
export function startWatchdog(directory?: string, graceS = 0): Watchdog {
  const child = spawn('sh', ['-c', SCRIPT, 'hawser-test-watchdog', directory ?? '', String(graceS)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const pipe = child.stdin as unknown as Socket;
  child.unref();
  pipe.unref();
  return {
    guard: (pid) => void pipe.write(`${pid}\n`),
    dismiss: () => void pipe.end('done\n'),
  };
}
