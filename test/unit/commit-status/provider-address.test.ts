import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSameRepository, readProviderAddress } from '../../../src/commit-status/provider-address.ts';

const ADDRESSES: readonly (readonly [type: string, address: string, want: string | undefined])[] = [
  ['github', 'https://github.com/acme/app', 'github https://api.github.com'],
  ['github', 'ssh://git@github.com/acme/app.git', 'github https://api.github.com'],
  ['github', 'https://github.example:8443/acme/app', 'github https://github.example:8443/api/v3'],
  ['gitlab', 'https://gitlab.com/acme/team/app', 'gitlab https://gitlab.com/api/v4'],
  ['gitea', 'https://git.example/gitea/acme/app', 'gitea https://git.example/gitea/api/v1'],
  ['bitbucket', 'https://bitbucket.org/acme/app', 'bitbucket https://api.bitbucket.org/2.0'],
  ['bitbucketserver', 'https://git.example/bitbucket/scm/acme/app.git', 'bitbucket https://git.example/bitbucket/rest'],
  ['azuredevops', 'https://dev.azure.com/acme/web/_git/app', 'azure-devops https://dev.azure.com'],
  ['azuredevops', 'https://git.example/tfs/acme/web/_git/app', 'azure-devops https://git.example/tfs'],
  ['githubdispatch', 'https://github.com/acme/app', undefined],
  ['constructor', 'https://github.com/acme/app', undefined],
  ['github', 'no address', undefined],
];

for (const [type, address, want] of ADDRESSES) {
  test(`a Provider of type ${type} at ${address} is ${want ?? 'none for statuses'}`, () => {
    const found = readProviderAddress(type, address);

    assert.equal(found && `${found.provider} ${found.apiUrl}`, want);
  });
}

const PAIRS: readonly (readonly [one: string, other: string, want: boolean])[] = [
  ['https://github.com/Acme/app', 'ssh://git@ssh.github.com:443/acme/app.git', true],
  ['https://git.example/acme/app', 'http://gitea-http.gitea.svc:3000/acme/app.git', true],
  ['https://git.example/scm/acme/app', 'ssh://git@git.example:7999/acme/app.git', true],
  ['https://dev.azure.com/acme/web/_git/app', 'git@ssh.dev.azure.com:v3/acme/web/app', true],
  ['https://github.com/acme/app', 'https://github.com/acme/app2', false],
  ['https://github.com/app', 'https://github.com/app', false],
  ['https://gitlab.com/acme/team/app', 'https://gitlab.com/team/app', false],
];

for (const [one, other, want] of PAIRS) {
  test(`${one} and ${other} are ${want ? 'one repository' : 'two'}`, () => {
    assert.equal(isSameRepository(one, other), want);
  });
}
