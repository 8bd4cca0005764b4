import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRepository } from '../../../src/commit-status/parse-repository.ts';

const CASES = [
  { given: 'https://github.com/acme/app.git', want: 'acme/app' },
  { given: 'https://github.com/acme/app/', want: 'acme/app' },
  { given: 'https://bot:token@github.com/acme/app', want: 'acme/app' },
  { given: 'ssh://git@github.com:22/acme/my.app.git', want: 'acme/my.app' },
  { given: 'git@github.com:acme/app.git', want: 'acme/app' },
  { given: 'http://127.0.0.1:7080/acme/app.git', want: 'acme/app' },
  { given: 'https://github.com/app', want: undefined },
  { given: 'https://gitlab.com/acme/team/app', want: undefined },
  { given: 'https://github.com/acme/..%2F..%2Fuser', want: undefined },
  { given: 'https://github.com/acme/.git', want: undefined },
  { given: 'git@github.com:../..', want: undefined },
  { given: 'not a url', want: undefined },
  { given: '', want: undefined },
];

for (const { given, want } of CASES) {
  test(`the repository that '${given}' names`, () => {
    const repository = parseRepository(given);

    assert.equal(repository && `${repository.owner}/${repository.name}`, want);
  });
}
