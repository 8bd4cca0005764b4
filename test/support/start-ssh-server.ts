import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './eventually.ts';
import { findFreePorts } from './find-free-ports.ts';

const run = promisify(execFile);

const SSHD = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd'].find((path) => existsSync(path));
/** Where sshd, as root, imprisons whoever has not logged in yet. */
const PRISON = '/run/sshd';

/** OpenSSH's server on a free loopback port, which lets this user in with the keys it was given. */
export interface SshServer {
  readonly port: number;
  /** What belongs into known_hosts. */
  readonly knownHosts: string;
  readonly fingerprint: string;
  /** The URL of a repository by its path. */
  urlOf(path: string): string;
  stop(): Promise<void>;
}

/** Makes a private key; only those that are let in are known to the server. */
export async function makeIdentity(
  options: { readonly type?: 'ed25519' | 'ecdsa' | 'rsa'; readonly passphrase?: string; readonly format?: 'PEM' } = {},
): Promise<{ readonly identity: string; readonly publicKey: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'hawser-identity-'));
  const { type = 'ed25519', passphrase = '', format } = options;
  try {
    const path = join(directory, 'identity');
    await run('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-f', path, ...(format ? ['-m', format] : [])]);
    return { identity: await readFile(path, 'utf8'), publicKey: await readFile(`${path}.pub`, 'utf8') };
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Starts sshd; with `protocol: 'v1'` it does not take GIT_PROTOCOL from clients, which is how most are set up. */
export async function startSshServer(options: {
  readonly publicKeys: readonly string[];
  readonly protocol?: 'v1' | 'v2';
}): Promise<SshServer> {
  if (!SSHD) throw new Error('sshd is missing: run scripts/setup.sh, or install openssh-server');
  if (process.getuid?.() === 0) await mkdir(PRISON, { recursive: true, mode: 0o755 });
  const directory = await mkdtemp(join(tmpdir(), 'hawser-sshd-'));
  const [port = 0] = await findFreePorts(1);
  const at = (name: string) => join(directory, name);
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at('host_key')]);
  await writeFile(at('authorized_keys'), options.publicKeys.join(''));
  const settings = [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${at('host_key')}`,
    `AuthorizedKeysFile ${at('authorized_keys')}`,
    'PidFile none',
    'UsePAM no',
    'StrictModes no',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'MaxStartups 100',
    'SetEnv GIT_CONFIG_GLOBAL=/dev/null',
    ...(options.protocol === 'v1' ? [] : ['AcceptEnv GIT_PROTOCOL']),
  ];
  await writeFile(at('sshd_config'), `${settings.join('\n')}\n`);
  const child = spawn(SSHD, ['-D', '-e', '-f', at('sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => (said += String(chunk)));
  const ended = once(child, 'exit');
  await eventually(() => accepts(port, () => `sshd: ${said}`), { timeoutMs: 10_000 });
  const hostKey = (await readFile(at('host_key.pub'), 'utf8')).split(' ').slice(0, 2).join(' ');
  const { stdout } = await run('ssh-keygen', ['-l', '-f', at('host_key.pub')]);
  return {
    port,
    knownHosts: `[127.0.0.1]:${port} ${hostKey}\n`,
    fingerprint: /SHA256:\S+/.exec(stdout)?.[0] ?? '',
    urlOf: (path) => `ssh://${userInfo().username}@127.0.0.1:${port}${path}`,
    stop: async () => {
      child.kill();
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function accepts(port: number, explain: () => string): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    throw new Error(explain(), { cause: error });
  } finally {
    socket.destroy();
  }
}
