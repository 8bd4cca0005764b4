import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { SshLogin } from '../credentials/read-ssh-login.ts';
import { HawserError } from '../errors/hawser-error.ts';
import type { PackRoom } from './pack-memory.ts';
import { createFlushFinder } from './pkt-line.ts';
import type { SshAddress } from './ssh-address.ts';
import { toSshError } from './to-ssh-error.ts';

/** One connection: the server introduces itself, is asked one question, and answers. */
export interface SshTalk {
  readonly sshPath: string;
  /** An existing directory, of this user alone. */
  readonly directory: string;
  readonly address: SshAddress;
  readonly login: SshLogin;
  /** Bytes at most until the server has introduced itself. */
  readonly introductionBytes: number;
  readonly responseBytes: number;
  /** Where a pack is to come. */
  readonly room?: PackRoom | undefined;
  /** What to ask a server that introduces itself so; it is told that nothing follows. */
  readonly ask: (advertisement: Buffer) => string;
}

const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const MOST_ERROR_BYTES = 16 * 1024;
const ASKPASS = '#!/bin/sh\nprintf \'%s\\n\' "$HAWSER_PASSPHRASE"\n';

/** No configuration, no agent, no forwarding, no prompt, and no host whose key is not known. */
const SETTINGS: Readonly<Record<string, string>> = {
  AddKeysToAgent: 'no',
  CheckHostIP: 'no',
  ClearAllForwardings: 'yes',
  ConnectTimeout: '10',
  ControlPath: 'none',
  ForwardAgent: 'no',
  GlobalKnownHostsFile: '/dev/null',
  IdentitiesOnly: 'yes',
  IdentityAgent: 'none',
  IdentityFile: 'identity',
  LogLevel: 'ERROR',
  NumberOfPasswordPrompts: '1',
  PermitLocalCommand: 'no',
  PreferredAuthentications: 'publickey',
  SendEnv: 'GIT_PROTOCOL',
  ServerAliveCountMax: '2',
  ServerAliveInterval: '10',
  StrictHostKeyChecking: 'yes',
  UpdateHostKeys: 'no',
  UserKnownHostsFile: 'known_hosts',
};

/**
 * Talks to `git-upload-pack` through the ssh program. The key lies in a directory of its own while that runs. Rejects
 * with the signal's reason once it aborts.
 */
export async function runSsh(talk: SshTalk, signal: AbortSignal): Promise<Buffer> {
  const home = await mkdtemp(join(talk.directory, 'talk-'));
  try {
    await writeLogin(home, talk.login);
    signal.throwIfAborted();
    return await converse(start(talk, home), talk, signal);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function writeLogin(home: string, { identity, passphrase, knownHosts }: SshLogin): Promise<void> {
  await writeFile(join(home, 'identity'), identity.reveal(), { mode: 0o600 });
  await writeFile(join(home, 'known_hosts'), knownHosts, { mode: 0o600 });
  if (passphrase) await writeFile(join(home, 'askpass'), ASKPASS, { mode: 0o700 });
}

function start({ sshPath, address, login }: SshTalk, home: string): ChildProcess {
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const { host, port, user, command } = address;
  return spawn(sshPath, ['-F', 'none', '-T', ...settings, '-p', port, '-l', user, '--', host, command], {
    cwd: home,
    env: {
      PATH: SEARCH_PATH,
      HOME: home,
      LC_ALL: 'C',
      GIT_PROTOCOL: 'version=2',
      SSH_ASKPASS: login.passphrase ? './askpass' : '/bin/false',
      SSH_ASKPASS_REQUIRE: 'force',
      ...(login.passphrase && { HAWSER_PASSPHRASE: login.passphrase.reveal() }),
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

async function converse(child: ChildProcess, talk: SshTalk, signal: AbortSignal): Promise<Buffer> {
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new HawserError('INTERNAL', 'ssh was started without its streams');
  const kill = () => void child.kill('SIGKILL');
  const ended = endOf(child);
  const errors = collectErrors(stderr);
  stdin.on('error', () => undefined); // that it ended is learnt from its output
  signal.addEventListener('abort', kill, { once: true });
  try {
    const [said] = await Promise.all([listen(stdout, talk, (question) => stdin.end(question)), ended]);
    if (said.answer.length > 0) return said.answer;
    signal.throwIfAborted();
    if (said.asked && child.exitCode === 0) return said.answer;
    throw toSshError(errors(), talk.address);
  } catch (error) {
    kill();
    await ended.catch(() => undefined);
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

/** Reads the introduction, asks, and reads what follows to its end. */
async function listen(stdout: Readable, talk: SshTalk, send: (question: string) => void) {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let asked = false;
  const findFlush = createFlushFinder();
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    checkSize(bytes, asked ? talk.responseBytes : talk.introductionBytes);
    chunks.push(chunk);
    if (asked) await talk.room?.reserve(bytes); // meanwhile the server waits
    const end = asked ? undefined : findFlush(chunk);
    if (end === undefined) continue;
    const said = Buffer.concat(chunks);
    chunks.splice(0, chunks.length, said.subarray(end));
    asked = true;
    bytes = said.length - end;
    send(talk.ask(said.subarray(0, end)));
  }
  const rest = Buffer.concat(chunks);
  if (!asked && rest.length > 0) talk.ask(rest); // an error without a flush is recognised there
  return { asked, answer: asked ? rest : Buffer.alloc(0) };
}

function checkSize(bytes: number, most: number): void {
  if (bytes > most) throw new HawserError('GIT_LIMIT_EXCEEDED', `the answer is larger than ${most} bytes`);
}

function endOf(child: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.once('close', () => resolve());
  child.once('error', (cause) => {
    const missing =
      "the program ssh, which ssh:// URLs need, could not be started: install OpenSSH's client beside Hawser";
    reject(new HawserError('GIT_PROTOCOL_UNSUPPORTED', missing, { cause }));
  });
  promise.catch(() => undefined);
  return promise;
}

function collectErrors(stderr: Readable): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stderr.on('data', (chunk: Buffer) => {
    if (bytes < MOST_ERROR_BYTES) chunks.push(chunk);
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8', 0, MOST_ERROR_BYTES);
}
