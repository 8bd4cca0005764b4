import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { Repository } from './make-repository.ts';

const run = promisify(execFile);

/** Somebody who signs with git's own means. */
export interface Signer {
  /** As a Secret holds it, in text. */
  readonly publicKey: string;
  /** As conditions name the key. */
  readonly keyId: string;
  /** Signs a commit of all that is staged, pushes it and answers its sha. */
  commit(repository: Repository, message?: string): Promise<string>;
  /** Signs an annotated tag of the current commit and pushes it; answers the tag object's id. */
  tag(repository: Repository, name: string): Promise<string>;
}

/** Makes a key with ssh-keygen. */
export async function makeSshSigner(t: TestContext, ...options: string[]): Promise<Signer> {
  const dir = await makeDirectory(t);
  const file = join(dir, 'key');
  await run('ssh-keygen', ['-q', '-N', '', '-C', 'ada@example.com', '-f', file, ...options]);
  const { stdout } = await run('ssh-keygen', ['-l', '-f', `${file}.pub`]);
  const config = ['-c', 'gpg.format=ssh', '-c', `user.signingKey=${file}`];
  return {
    publicKey: await readFile(`${file}.pub`, 'utf8'),
    keyId: stdout.split(' ')[1] ?? '',
    ...signWith(config),
  };
}

/** Makes a key with gpg, in a home of its own; its agent ends with the test. */
export async function makePgpSigner(t: TestContext): Promise<Signer> {
  const dir = await makeDirectory(t);
  const home = ['--homedir', dir];
  t.after(() => run('gpgconf', ['--homedir', dir, '--kill', 'all']));
  const identity = 'Ada Author <ada@example.com>';
  await run('gpg', [...home, '--batch', '--quiet', '--passphrase', '', '--quick-gen-key', identity, 'ed25519', 'sign']);
  const { stdout: publicKey } = await run('gpg', [...home, '--armor', '--export']);
  const { stdout: listing } = await run('gpg', [...home, '--with-colons', '--list-keys']);
  const keyId = /^pub:(?:[^:]*:){3}([0-9A-F]{16}):/m.exec(listing)?.[1] ?? '';
  const program = join(dir, 'sign');
  const script = `#!/bin/sh\nexec gpg --homedir '${dir}' --batch "$@"\n`;
  await run('sh', ['-c', `printf '%s' "$1" > "$2" && chmod 700 "$2"`, 'sh', script, program]);
  return { publicKey, keyId, ...signWith(['-c', `gpg.program=${program}`, '-c', `user.signingKey=${keyId}`]) };
}

function signWith(config: readonly string[]): Pick<Signer, 'commit' | 'tag'> {
  return {
    async commit(repository, message = 'Signed') {
      await repository.git(...config, 'commit', '--quiet', '--allow-empty', '-S', '-m', message);
      await repository.push();
      return await repository.head();
    },
    async tag(repository, name) {
      await repository.git(...config, 'tag', '-s', '-m', `${name}\n\nRelease`, name);
      await repository.git('push', '--quiet', repository.path, `refs/tags/${name}`);
      return await repository.git('rev-parse', `refs/tags/${name}`);
    },
  };
}

async function makeDirectory(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'hws-'));
  t.after(() => rm(dir, { recursive: true, force: true, maxRetries: 3 }));
  return dir;
}
