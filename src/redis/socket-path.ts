import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HawserError } from '../errors/hawser-error.ts';

/** `sun_path` holds 108 bytes on Linux and 104 elsewhere, the closing zero included. */
const LONGEST_SOCKET_PATH = 100;
const SOCKET_NAME = 'redis.sock';

/** Where the server's socket lies: in its own directory, or, where that path is too long, in a short private one. */
export async function resolveSocketPath(redisDir: string): Promise<string> {
  const beside = join(redisDir, SOCKET_NAME);
  if (Buffer.byteLength(beside) <= LONGEST_SOCKET_PATH) return beside;
  const name = createHash('sha256').update(redisDir).digest('hex').slice(0, 16);
  const dir = join(tmpdir(), `hawser-${name}`);
  await mkdir(dir, { mode: 0o700, recursive: true });
  await verifyPrivate(dir);
  return join(dir, SOCKET_NAME);
}

/** Anyone may create a directory in the shared temporary one: ours must belong to us, and to nobody else. */
async function verifyPrivate(dir: string): Promise<void> {
  const found = await lstat(dir);
  const isOurs = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
  if (isOurs) return;
  throw new HawserError(
    'REDIS_START_FAILED',
    'The data directory has too long a path for a unix socket, and the short directory for it in the temporary ' +
      'directory belongs to someone else. Use a data directory with a shorter path, or set REDIS_URL',
  );
}
