import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Screen } from './screen.ts';

const execute = promisify(execFile);

/** Runs commands in one folder, as a user would type them there. */
export interface Shell {
  /** Shows the command and what it prints. */
  show(command: string, ...args: string[]): Promise<string>;
  /** Shows the command only, and answers what it prints. */
  type(command: string, ...args: string[]): Promise<string>;
  /** Shows nothing. */
  run(command: string, ...args: string[]): Promise<string>;
}

interface ShellOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly screen: Screen;
}

export function createShell({ cwd, env, screen }: ShellOptions): Shell {
  const run = async (command: string, ...args: string[]) => {
    const { stdout } = await execute(command, args, { cwd, env, maxBuffer: 16 * 1024 * 1024 });
    return stdout.trimEnd();
  };
  const type = (command: string, ...args: string[]) => {
    screen.command([command, ...args].map(quote).join(' '));
    return run(command, ...args);
  };
  return {
    run,
    type,
    show: async (command, ...args) => {
      const output = await type(command, ...args);
      if (output !== '') screen.output(output);
      return output;
    },
  };
}

function quote(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
