import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { HawserError } from '../errors/hawser-error.ts';

/** A program's path: as given if it is one, else found by name in the search path. Throws RENDER_UNAVAILABLE. */
export async function findProgram(program: string, searchPath: string): Promise<string> {
  if (program.includes('/')) {
    if (await isExecutable(program)) return program;
    throw new HawserError('RENDER_UNAVAILABLE', `cannot start ${program}: it is missing, or no program`);
  }
  for (const directory of searchPath.split(delimiter)) {
    const path = join(directory, program);
    if (directory !== '' && (await isExecutable(path))) return path;
  }
  throw new HawserError(
    'RENDER_UNAVAILABLE',
    `there is no '${program}' in ${searchPath}: install it, or give its path`,
  );
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
