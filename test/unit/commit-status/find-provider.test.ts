import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findProvider } from '../../../src/commit-status/find-provider.ts';

const API_URLS = {
  github: 'https://api.github.com',
  gitlab: 'https://gitlab.com/api/v4',
  gitea: 'https://git.example/api/v1',
  bitbucket: 'https://api.bitbucket.org/2.0',
  'azure-devops': 'https://dev.azure.com',
};

const CASES: readonly [name: string, url: string, want: string | undefined][] = [
  ['github.com', 'https://github.com/acme/app', 'github'],
  ['github.com by ssh', 'git@github.com:acme/app.git', 'github'],
  ['github.com by ssh on the port of https', 'ssh://git@ssh.github.com:443/acme/app.git', 'github'],
  ['gitlab.com', 'https://gitlab.com/acme/team/app', 'gitlab'],
  ['gitlab.com by ssh on the port of https', 'ssh://git@altssh.gitlab.com:443/acme/app.git', 'gitlab'],
  ['a server of its own', 'https://git.example/acme/app', 'gitea'],
  ['letter case', 'https://GitHub.com/acme/app', 'github'],
  ['Bitbucket', 'https://bitbucket.org/acme/app', 'bitbucket'],
  ['Azure DevOps', 'https://dev.azure.com/acme/web/_git/app', 'azure-devops'],
  ['Azure DevOps by ssh', 'git@ssh.dev.azure.com:v3/acme/web/app', 'azure-devops'],
  ['Azure DevOps by its former name', 'https://acme.visualstudio.com/web/_git/app', 'azure-devops'],
  ['another host never gets a token', 'https://codeberg.org/acme/app', undefined],
  ['a host that only looks like it', 'https://github.com.evil.example/acme/app', undefined],
  ['a host that ends like it', 'https://evilgithub.com/acme/app', undefined],
  ['no URL', 'app', undefined],
];

for (const [name, url, want] of CASES) {
  test(`whose a repository is: ${name}`, () => assert.equal(findProvider(url, API_URLS), want));
}

test('a GitHub Enterprise server is found by its own host, and github.com is not its', () => {
  const apiUrls = { github: 'https://ghe.example/api/v3' };

  assert.equal(findProvider('https://ghe.example/acme/app.git', apiUrls), 'github');
  assert.equal(findProvider('https://github.com/acme/app', apiUrls), undefined);
});
