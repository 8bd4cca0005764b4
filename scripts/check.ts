/**
 * Runs every static check and shows what failed, all of it: types, lint, architecture, dead code, generated files.
 * Two run at a time; their output is kept together.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

const CHECKS = ['lint', 'typecheck', 'arch', 'deadcode', 'docs:check'];
const AT_ONCE = 2;

async function run(name: string): Promise<boolean> {
  const started = performance.now();
  const child = spawn('npm', ['run', '--silent', name], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'close');
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await exited;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${code === 0 ? '✓' : '✗'} ${name} (${seconds} s)`);
  if (code !== 0) console.log(`${output}${errors}`);
  return code === 0;
}

async function runInTurn(waiting: string[]): Promise<number> {
  let failures = 0;
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    if (!(await run(name))) failures += 1;
  }
  return failures;
}

const waiting = [...CHECKS];
const failures = await Promise.all(Array.from({ length: AT_ONCE }, () => runInTurn(waiting)));
process.exitCode = failures.some((count) => count > 0) ? 1 : 0;
