import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toSshAddress } from '../../../src/git/ssh-address.ts';

const CASES = [
  { given: 'ssh://git@github.com/acme/app.git', want: "git github.com 22 git-upload-pack '/acme/app.git'" },
  { given: 'ssh://github.com/acme/app', want: "git github.com 22 git-upload-pack '/acme/app'" },
  {
    given: 'ssh://hg@altssh.gitlab.com:443/acme/app.git/',
    want: "hg altssh.gitlab.com 443 git-upload-pack '/acme/app.git'",
  },
  { given: 'ssh://git@[::1]:2222/app.git', want: "git ::1 2222 git-upload-pack '/app.git'" },
  {
    given: 'ssh://git@ssh.dev.azure.com/v3/acme/My%20Project/app',
    want: "git ssh.dev.azure.com 22 git-upload-pack '/v3/acme/My Project/app'",
  },
  { given: 'ssh://git@host/~ada/app.git', want: "git host 22 git-upload-pack '~ada/app.git'" },
  { given: "ssh://git@host/it's;id!.git", want: `git host 22 git-upload-pack '/it'\\''s;id'\\!'.git'` },
  { given: 'ssh://git@-oProxyCommand=id/app.git', want: 'SOURCE_URL_INVALID' },
  { given: 'ssh://git@%2DoProxyCommand=id/app.git', want: 'SOURCE_URL_INVALID' },
  { given: 'ssh://-oProxyCommand=id@host/app.git', want: 'SOURCE_URL_INVALID' },
  { given: 'ssh://git:secret@host/app.git', want: 'SOURCE_URL_INVALID' },
  { given: 'ssh://git@host', want: 'SOURCE_URL_INVALID' },
  { given: 'ssh://git@host/', want: 'SOURCE_URL_INVALID' },
  { given: 'ssh:///app.git', want: 'SOURCE_URL_INVALID' },
  { given: 'ssh://git@host/a%0Ab.git', want: 'SOURCE_URL_INVALID' },
  { given: 'https://git@host/app.git', want: 'SOURCE_URL_INVALID' },
] as const;

for (const { given, want } of CASES) {
  test(`${given} means ${want}`, () => {
    assert.equal(describe(given), want);
  });
}

function describe(url: string): string {
  try {
    const { user, host, port, command } = toSshAddress(url);
    return `${user} ${host} ${port} ${command}`;
  } catch (error) {
    return String((error as { code?: string }).code);
  }
}
