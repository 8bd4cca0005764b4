import { createHash } from 'node:crypto';
import type { RedisClient } from './redis-client.ts';

/** A Lua script: several steps on Redis that nothing can come between. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

export function defineScript(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** Runs a script by its digest, and sends its text only where the server does not know it (new, or emptied). */
export async function runScript(
  redis: Pick<RedisClient, 'evalsha' | 'eval'>,
  script: Script,
  input: { readonly keys: readonly string[]; readonly args: readonly (string | number)[] },
): Promise<unknown> {
  const rest = [...input.keys, ...input.args];
  try {
    return await redis.evalsha(script.sha, input.keys.length, ...rest);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    return await redis.eval(script.lua, input.keys.length, ...rest);
  }
}
