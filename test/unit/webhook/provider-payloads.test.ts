import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toRepositoryIdentity } from '../../../src/model/repository-url.ts';
import { MOST_REFS } from '../../../src/webhook/payload-fields.ts';
import type { ParsedDelivery } from '../../../src/webhook/webhook-provider.ts';
import { summarizeDelivery } from '../../support/summarize-delivery.ts';
import {
  azurePush,
  bitbucketCloudPush,
  bitbucketDataCenterPush,
  type PushFacts,
  senderOf,
} from '../../support/webhook-senders.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const C = 'c'.repeat(40);
const ZEROS = '0'.repeat(40);
const PUSH: PushFacts = { repository: 'acme/app', ref: 'refs/heads/main', before: A, after: B };
const TAG: PushFacts = { ...PUSH, ref: 'refs/tags/v1', before: ZEROS };
const BRANCH_AND_TAG = [PUSH, TAG];

function parse(name: string, payload?: object, options: { event?: string; deliveryId?: string } = {}): ParsedDelivery {
  const sender = senderOf(name);
  const { headers, body } = sender.send(payload ?? sender.payload(PUSH), sender.secret, options);
  return sender.provider.parse({ raw: body, headers, receivedAt: 0 });
}

const GITLAB = 'GitLab, project hook';
const SYSTEM = 'GitLab, system hook';
const UPDATE = senderOf('GitLab, system hook of an update').payload(PUSH);
const CLOUD = 'Bitbucket Cloud';
const DATA_CENTER = 'Bitbucket Data Center';
const AZURE = 'Azure DevOps';

const CASES: readonly { name: string; given: () => ParsedDelivery; want: string }[] = [
  {
    name: 'GitLab: of an annotated tag the commit counts',
    given: () => parse(GITLAB, { ...senderOf(GITLAB).payload(TAG), checkout_sha: C }),
    want: 'refs/tags/v1 0→c',
  },
  {
    name: 'GitLab: a deleted tag, which names no commit',
    given: () => parse(GITLAB, senderOf(GITLAB).payload({ ...TAG, before: A, after: ZEROS })),
    want: 'refs/tags/v1 a→0',
  },
  {
    name: 'GitLab: a merge request is of no use',
    given: () => parse(GITLAB, {}, { event: 'Merge Request Hook' }),
    want: 'ignored: the event Merge Request Hook is not used, only pushes of branches and tags are',
  },
  {
    name: 'GitLab: a group’s event is of no use',
    given: () => parse(GITLAB, {}, { event: 'Subgroup Hook' }),
    want: 'ignored: the event Subgroup Hook is not used, only pushes of branches and tags are',
  },
  {
    name: 'GitLab: a system hook tells every ref of an update',
    given: () =>
      parse(SYSTEM, {
        ...UPDATE,
        changes: BRANCH_AND_TAG.map(({ ref, before, after }) => ({ ref, before, after })),
      }),
    want: 'refs/heads/main a→b, refs/tags/v1 0→b',
  },
  {
    name: 'GitLab: a system hook about a user is of no use',
    given: () => parse(SYSTEM, { event_name: 'user_create' }),
    want: 'ignored: the event user_create is not used, only pushes of branches and tags are',
  },
  {
    name: 'GitLab: a system hook that names no event is malformed',
    given: () => parse(SYSTEM, { event_name: null }),
    want: 'WEBHOOK_BODY_INVALID event_name',
  },
  {
    name: 'GitLab: an event header that is no name is malformed',
    given: () => parse(GITLAB, {}, { event: '<script>' }),
    want: 'WEBHOOK_BODY_INVALID X-Gitlab-Event',
  },
  {
    name: 'Gitea: another event is of no use',
    given: () => parse('Gitea', {}, { event: 'pull_request_approved' }),
    want: 'ignored: the event pull_request_approved is not used, only push is',
  },
  {
    name: 'Gitea: of an annotated tag the commit counts',
    given: () => parse('Gitea', { ...senderOf('Gitea').payload(TAG), head_commit: { id: C } }),
    want: 'refs/tags/v1 0→c',
  },
  {
    name: 'Gitea: a repository that uses SHA-256 is not supported, and that is no fault of the delivery',
    given: () => parse('Gitea', { ...senderOf('Gitea').payload(PUSH), before: '0'.repeat(64), after: 'd'.repeat(64) }),
    want: 'ignored: the repository uses SHA-256, which is not supported',
  },
  {
    name: 'Bitbucket Cloud: every ref of a delivery is a push',
    given: () => parse(CLOUD, bitbucketCloudPush(BRANCH_AND_TAG)),
    want: 'refs/heads/main a→b, refs/tags/v1 0→b',
  },
  {
    name: 'Bitbucket Cloud: what is neither branch nor tag is left out',
    given: () => parse(CLOUD, { ...bitbucketCloudPush([PUSH]), push: { changes: [{ new: bookmark(), old: null }] } }),
    want: 'ignored: no branch and no tag moved',
  },
  {
    name: 'Bitbucket Cloud: a branch name that is none is malformed',
    given: () => parse(CLOUD, bitbucketCloudPush([{ ...PUSH, ref: 'refs/heads/a..b' }])),
    want: 'WEBHOOK_BODY_INVALID push.changes.0.old.name',
  },
  {
    name: 'Bitbucket Cloud: a pull request is of no use',
    given: () => parse(CLOUD, {}, { event: 'pullrequest:created' }),
    want: 'ignored: the event pullrequest:created is not used, only pushes are',
  },
  {
    name: 'Bitbucket Data Center: every ref of a delivery is a push',
    given: () => parse(DATA_CENTER, bitbucketDataCenterPush(BRANCH_AND_TAG)),
    want: 'refs/heads/main a→b, refs/tags/v1 0→b',
  },
  {
    name: 'Bitbucket Data Center: of a ref that is named twice the last word counts',
    given: () => parse(DATA_CENTER, bitbucketDataCenterPush([PUSH, { ...PUSH, before: B, after: C }])),
    want: 'refs/heads/main b→c',
  },
  {
    name: 'Bitbucket Data Center: without URLs no repository can be found',
    given: () => {
      const payload = bitbucketDataCenterPush([PUSH]);
      return parse(DATA_CENTER, { ...payload, repository: { ...payload.repository, links: undefined } });
    },
    want: 'ignored: the payload names no URL of the repository; polling finds the push',
  },
  {
    name: 'Bitbucket Data Center: a ping is answered',
    given: () => parse(DATA_CENTER, { test: true }, { event: 'diagnostics:ping' }),
    want: 'ignored: ping received; whether the secrets agree, only a push can tell',
  },
  {
    name: 'Azure DevOps: every ref of a delivery is a push',
    given: () => parse(AZURE, azurePush(BRANCH_AND_TAG)),
    want: 'refs/heads/main a→b, refs/tags/v1 0→b',
  },
  {
    name: 'Azure DevOps: another event is of no use',
    given: () => parse(AZURE, { id: 'd1', eventType: 'build.complete' }),
    want: 'ignored: the event build.complete is not used, only git.push is',
  },
  {
    name: 'Azure DevOps: a subscription that sends no details says what to change',
    given: () =>
      parse(AZURE, { id: 'd1', eventType: 'git.push', resource: { pushId: 1, url: 'https://dev.azure.com' } }),
    want: 'ignored: the payload names no refs: set “Resource details to send” to All',
  },
  {
    name: 'generic: the commit before need not be known',
    given: () => parse('generic', { repository: 'git@git.example.com:acme/app', ref: 'refs/heads/main', after: B }),
    want: 'refs/heads/main 0→b',
  },
  {
    name: 'generic: a short ref is malformed',
    given: () => parse('generic', { repository: 'https://git.example.com/acme/app', ref: 'main', after: B }),
    want: 'WEBHOOK_BODY_INVALID ref',
  },
  {
    name: 'generic: a repository that is no URL is malformed',
    given: () => parse('generic', { repository: 'acme/app', ref: 'refs/heads/main', after: B }),
    want: 'WEBHOOK_BODY_INVALID repository',
  },
];

function bookmark() {
  return { type: 'bookmark', name: 'main', target: { hash: A } };
}

for (const { name, given, want } of CASES) {
  test(name, () => {
    assert.equal(summarizeDelivery(given), want);
  });
}

const IDS: readonly { name: string; given: () => ParsedDelivery; want: string }[] = [
  { name: 'GitLab: the key that stays through retries', given: () => parse(GITLAB, undefined, one()), want: ' d1' },
  { name: 'GitLab, signed: the signed id', given: () => parse('GitLab, signed', undefined, one()), want: ' d1' },
  { name: 'Gitea: the delivery’s id', given: () => parse('Gitea', undefined, one()), want: ' d1' },
  { name: 'Forgejo: the delivery’s id', given: () => parse('Forgejo', undefined, one()), want: ' d1' },
  {
    name: 'Bitbucket Cloud: the request, which is the same for each attempt',
    given: () => parse(CLOUD, undefined, one()),
    want: 'f0f6e3f6-6a4b-4c5e-8a39-3b1e0c1a2b3c d1',
  },
  { name: 'Bitbucket Data Center: the request', given: () => parse(DATA_CENTER, undefined, one()), want: ' d1' },
  {
    name: 'Azure DevOps: subscription and event',
    given: () => parse(AZURE, { ...azurePush([PUSH]), id: 'd1', subscriptionId: 's1' }),
    want: 's1 d1',
  },
  { name: 'generic: the header, if it comes', given: () => parse('generic', undefined, one()), want: ' d1' },
];

function one() {
  return { deliveryId: 'd1' };
}

for (const { name, given, want } of IDS) {
  test(`what a delivery is told apart by: ${name}`, () => {
    const { hookId, deliveryId } = given();

    assert.equal(`${hookId} ${deliveryId}`, want);
  });
}

test('of a delivery with very many refs the first ones are taken, and it says that others are left to polling', () => {
  const pushes = Array.from({ length: 2_000 }, (_, index) => ({ ...PUSH, ref: `refs/heads/b${index}` }));

  for (const [name, payload] of [
    [CLOUD, bitbucketCloudPush(pushes)],
    [DATA_CENTER, bitbucketDataCenterPush(pushes)],
    [AZURE, azurePush(pushes)],
    [SYSTEM, { ...UPDATE, changes: pushes }],
  ] as const) {
    const parsed = parse(name, payload);

    assert.equal(parsed.kind === 'pushes' && parsed.pushes.length, MOST_REFS, name);
    assert.match(parsed.reason ?? '', /^more than 256 refs moved; the others are found by polling$/);
  }
});

const AZURE_URLS = [
  'https://dev.azure.com/fabrikam/acme/_git/app',
  'https://fabrikam@dev.azure.com/fabrikam/acme/_git/app',
  'https://fabrikam.visualstudio.com/acme/_git/app',
  'https://fabrikam.visualstudio.com/DefaultCollection/acme/_git/app',
  'git@ssh.dev.azure.com:v3/fabrikam/acme/app',
  'fabrikam@vs-ssh.visualstudio.com:v3/fabrikam/acme/app',
];

test('a repository of Azure DevOps is known by all of its URLs, whichever of its hosts the payload names', () => {
  const payload = azurePush([PUSH]);
  const { repository } = payload.resource;
  for (const remoteUrl of [AZURE_URLS[0], AZURE_URLS[2]]) {
    const parsed = parse(AZURE, {
      ...payload,
      resource: { ...payload.resource, repository: { ...repository, remoteUrl } },
    });

    const urls = parsed.kind === 'pushes' ? parsed.pushes.flatMap(({ repositoryUrls }) => repositoryUrls) : [];
    const wanted = AZURE_URLS.map((url) => toRepositoryIdentity(url));
    assert.deepEqual(
      wanted.filter((identity) => !urls.map(toRepositoryIdentity).includes(identity)),
      [],
    );
  }
});

test('a repository of a public host is also known by SSH over the port of HTTPS', () => {
  const { headers, body } = senderOf('GitHub, repository hook').send(
    senderOf('GitHub, repository hook').payload(PUSH),
    null,
  );
  const parsed = senderOf('GitHub, repository hook').provider.parse({ raw: body, headers, receivedAt: 0 });

  const [push] = parsed.kind === 'pushes' ? parsed.pushes : [];
  assert.ok(push?.repositoryUrls.includes('ssh://git@ssh.github.com:443/acme/app'));
});
