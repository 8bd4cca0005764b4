import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommitStatus, PostResult } from '../../../src/commit-status/commit-status.ts';
import type { StatusRoute } from '../../../src/commit-status/status-route.ts';
import { Secret } from '../../../src/errors/secret.ts';
import type { GitRepository } from '../../../src/model/git-repository.ts';
import type { PostedStatus, WantedStatus } from '../../../src/push-record/push-record.ts';
import { createLogger } from '../../../src/telemetry/create-logger.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { postCommitStatus } from '../../../src/worker/post-commit-status.ts';
import { createRefusedCredentials } from '../../../src/worker/refused-credentials.ts';

const REQUEST = {
  source: { kind: 'GitRepository' as const, namespace: 'default', name: 'app' },
  sha: 'a'.repeat(40),
  context: 'hawser/default/app',
};
const REFUSED: PostResult = { kind: 'failed', message: '403', byCredential: true };
const POSTED: PostResult = { kind: 'posted' };

interface Given {
  readonly url?: string;
  readonly ref?: GitRepository['spec']['ref'];
  /** What each credential meets, in their order. */
  readonly meets?: Readonly<Record<string, PostResult>>;
  readonly waits?: Readonly<Record<string, number>>;
  /** What a Provider's expression names. */
  readonly contexts?: readonly string[];
  /** What was posted before. */
  readonly standing?: PostedStatus;
}

function setUp({
  url = 'https://github.com/acme/app',
  ref,
  meets = { own: POSTED },
  waits = {},
  contexts,
  standing,
}: Given) {
  const wanted: WantedStatus = { state: 'success', description: 'deployed', at: 1 };
  let posted: PostedStatus | undefined = standing;
  let time = 0;
  const tried: string[] = [];
  const sent: CommitStatus[] = [];
  const paused: [string, number][] = [];
  const toRoute = (id: string): StatusRoute => ({
    provider: 'github',
    repositoryUrl: url,
    credential: { id, token: new Secret(id) },
    contexts,
    reporter: {
      post: async (status) => {
        tried.push(id);
        sent.push(status);
        return meets[id] ?? POSTED;
      },
    },
  });
  const post = () =>
    postCommitStatus(
      {
        resources: {
          gitRepository: () =>
            ({ metadata: { name: 'app', namespace: 'default' }, spec: { url, ref } }) as unknown as GitRepository,
          kustomization: () => undefined,
          kustomizationsOf: () => [],
        },
        pushRecords: {
          readStatus: async () => ({ wanted, ...(posted ? { posted } : {}) }),
          markPosted: async (_, status) => {
            posted = status;
          },
        },
        queues: {
          takeStatusToken: async (id) => waits[id] ?? 0,
          pauseStatus: async (id, { ms }) => {
            paused.push([id, ms]);
            return ms;
          },
        },
        routes: {
          find: async () => (url.startsWith('https://github.com/') ? Object.keys(meets).map(toRoute) : []),
        },
        refused,
        logger: createLogger({ level: 'silent' as 'error' }),
        metrics: createMetrics(),
        now: () => new Date(time),
      },
      REQUEST,
    );
  const refused = createRefusedCredentials(() => new Date(time));
  const forget = (afterMs: number) => {
    posted = undefined;
    time += afterMs;
  };
  return { post, tried, sent, paused, forget, isPosted: () => posted !== standing, posted: () => posted };
}

test('a credential that is refused gives way to the next one, and is left alone for an hour', async () => {
  const { post, tried, forget, isPosted } = setUp({ meets: { own: REFUSED, configured: POSTED } });

  assert.equal(await post(), undefined);
  assert.ok(isPosted());
  forget(0);
  await post();
  forget(3_600_001);
  await post();

  assert.deepEqual(tried, ['own', 'configured', 'configured', 'own', 'configured']);
});

test('the last credential is tried each time, because somebody may have given it what it lacked', async () => {
  const { post, tried, forget } = setUp({ meets: { own: REFUSED } });

  await post();
  forget(0);
  await post();

  assert.deepEqual(tried, ['own', 'own']);
});

test('a refusal that is not the credential’s is not tried again with another one', async () => {
  const { post, tried, isPosted } = setUp({
    meets: { own: { kind: 'failed', message: '422', byCredential: false }, configured: POSTED },
  });

  assert.equal(await post(), undefined);

  assert.deepEqual(tried, ['own']);
  assert.ok(isPosted(), 'it is not tried for ever');
});

test('a limit pauses its credential alone', async () => {
  const { post, paused } = setUp({ meets: { own: { kind: 'rateLimited', retryAfterMs: 7_000, told: true } } });

  assert.deepEqual(await post(), { againInMs: 7_000 });
  assert.deepEqual(paused, [['own', 7_000]]);
});

test('a host that stays away is asked ever more rarely, up to every five minutes', async () => {
  const { post, forget } = setUp({ meets: { own: { kind: 'retry', message: 'away' } } });

  const waits = [await post()];
  for (const afterMs of [40_000, 3_600_000]) {
    forget(afterMs);
    waits.push(await post());
  }

  assert.deepEqual(
    waits.map((again) => Math.round((again?.againInMs ?? 0) / 1_000)),
    [5, 10, 300],
  );
});

test('without budget nothing is sent', async () => {
  const { post, sent } = setUp({ waits: { own: 1_234 } });

  assert.deepEqual(await post(), { againInMs: 1_234 });
  assert.equal(sent.length, 0);
});

test('a repository of another host, or without any credential, is told nothing', async () => {
  const elsewhere = setUp({ url: 'https://codeberg.org/acme/app' });
  const nobody = setUp({ meets: {} });

  assert.equal(await elsewhere.post(), undefined);
  assert.equal(await nobody.post(), undefined);
  assert.equal(elsewhere.sent.length + nobody.sent.length, 0);
});

test('contexts that a Provider names are posted instead, all of them or none is done', async () => {
  const contexts = ['gitrepository/app', 'kustomization/app'];
  const taken = setUp({ contexts });
  const away = setUp({ contexts, meets: { own: { kind: 'retry', message: 'away' } } });

  assert.equal(await taken.post(), undefined);
  await away.post();

  assert.deepEqual(
    [taken, away].map(({ sent }) => sent.map(({ context }) => context)),
    [contexts, contexts.slice(0, 1)],
  );
  assert.deepEqual([taken.isPosted(), away.isPosted()], [true, false]);
});

const STANDING: readonly [name: string, contexts: readonly string[] | undefined, want: readonly string[]][] = [
  ['that an expression gave it', ['prod/app'], ['prod/app']],
  ['that is its own', undefined, ['hawser/default/app']],
];

for (const [name, contexts, want] of STANDING) {
  test(`what stands is answered in the context ${name}, whatever an expression gives by now`, async () => {
    const standing: PostedStatus = { state: 'pending', description: 'deploying', at: 0, contexts };
    const { post, sent, posted } = setUp({ contexts: ['another/app'], standing });

    await post();

    assert.deepEqual(
      sent.map(({ context }) => context),
      want,
    );
    assert.deepEqual(posted()?.contexts, want);
  });
}

const REFS: readonly [name: string, ref: GitRepository['spec']['ref'], want: string | undefined][] = [
  ['a branch', { branch: 'main' }, 'main'],
  ['a tag before a branch', { branch: 'main', tag: 'v1' }, 'v1'],
  ['no name for a range of versions', { branch: 'main', semver: '*' }, undefined],
  ['no name for a commit', { branch: 'main', commit: 'a'.repeat(40) }, undefined],
];

for (const [name, ref, want] of REFS) {
  test(`the host is told the ref that is followed: ${name}`, async () => {
    const { post, sent } = setUp({ ref });

    await post();

    assert.equal(sent[0]?.ref, want);
  });
}
