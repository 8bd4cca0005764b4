import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toSshError } from '../../../src/git/to-ssh-error.ts';

const CASES = [
  {
    name: 'an unknown host key',
    given:
      'No ED25519 host key is known for git.example.com and you have requested strict checking.\r\nHost key verification failed.\r\n',
    want: 'GIT_HOST_KEY_UNTRUSTED ssh: handshake failed: knownhosts: key is unknown (host git.example.com, port 22)',
  },
  {
    name: "GitHub's words for a repository that is not there",
    given: 'ERROR: Repository not found.\nfatal: Could not read from remote repository.\n',
    want: 'GIT_REPOSITORY_NOT_FOUND repository not found: Repository not found. Could not read from remote repository.',
  },
  {
    name: "git's words for a repository that is not there",
    given: "fatal: '/x.git' does not appear to be a git repository\n",
    want: "GIT_REPOSITORY_NOT_FOUND repository not found: '/x.git' does not appear to be a git repository",
  },
  {
    name: 'a key that is not let in',
    given: 'git@github.com: Permission denied (publickey).\n',
    want: 'GIT_AUTHENTICATION_FAILED ssh: handshake failed: ssh: unable to authenticate',
  },
  {
    name: 'a user without a name',
    given: 'No user exists for uid 1000710000\n',
    want: 'GIT_PROTOCOL_UNSUPPORTED ssh runs only as a user that the system knows: run Hawser as the user of its image, or give its uid a name',
  },
  {
    name: 'a name that does not resolve',
    given: 'ssh: Could not resolve hostname x: Name or service not known\n',
    want: 'GIT_UNREACHABLE ssh: no such host',
  },
  {
    name: 'no words at all',
    given: '',
    want: 'GIT_RESPONSE_INVALID the server says: nothing; the connection was closed',
  },
] as const;

for (const { name, given, want } of CASES) {
  test(`${name} is told in the words of a condition`, () => {
    const { code, message } = toSshError(given, { host: 'git.example.com', port: '22' });

    assert.equal(`${code} ${message}`, want);
  });
}
