import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toFollowedReference } from '../../../src/model/followed-reference.ts';
import type { GitRepository } from '../../../src/model/git-repository.ts';
import type { Kustomization } from '../../../src/model/kustomization.ts';
import type { SyncRun } from '../../../src/queue/sync-run.ts';
import { chooseRevision } from '../../../src/sync/choose-revision.ts';
import type { SyncDeps } from '../../../src/sync/deps.ts';
import { findStanding, formatCursor, toCursor } from '../../../src/sync/source-cursor.ts';
import { makeGitRepository, makeKustomization } from '../../support/make-kustomization.ts';

const PUBLISHED = 'a'.repeat(40);
const OTHER = 'b'.repeat(40);

interface Case {
  readonly name: string;
  readonly cursor?: string;
  /** The GitRepository that the cursor is of. */
  readonly uid?: string;
  readonly published?: string | undefined;
  /** Commit that the cursor says all were asked for; its tip if absent. */
  readonly asked?: string;
  /** Revision that this run was asked for, and the one that was asked since. */
  readonly heard?: string;
  readonly heardSince?: string;
  readonly attempted?: string;
  readonly attemptedRef?: string;
  readonly suspended?: boolean;
  readonly verifiesTags?: boolean;
  readonly want: string;
}

const cases: readonly Case[] = [
  { name: "what its source's cursor says", cursor: OTHER, want: OTHER },
  { name: 'that, whatever the Kustomization has come to', cursor: PUBLISHED, attempted: OTHER, want: PUBLISHED },
  { name: 'that, whatever it was asked for before', cursor: OTHER, heard: PUBLISHED, want: OTHER },
  { name: 'that, where this run is asked before all are', cursor: OTHER, asked: PUBLISHED, heard: OTHER, want: OTHER },
  { name: 'nothing until it is asked, while others are', cursor: OTHER, asked: PUBLISHED, want: 'unsettled' },
  { name: 'nothing, where the next run is asked', cursor: OTHER, heardSince: OTHER, want: 'unsettled' },
  { name: 'what is published, where the cursor is of a deleted object', cursor: OTHER, uid: 'old', want: PUBLISHED },
  { name: 'what is published, where Redis knows nothing', want: PUBLISHED },
  { name: 'nothing before the first', published: undefined, want: 'none' },
  { name: 'what is published and tried already', attempted: PUBLISHED, want: PUBLISHED },
  { name: 'nothing until the source has looked, where it has come to something else', attempted: OTHER, want: 'asked' },
  { name: 'what is published, where that was another branch', attempted: OTHER, attemptedRef: 'dev', want: PUBLISHED },
  { name: 'what a suspended source has published', attempted: OTHER, suspended: true, want: PUBLISHED },
  { name: 'nothing until the source has looked, where its tag is to be verified', verifiesTags: true, want: 'asked' },
];

describe('a Kustomization is to have', () => {
  for (const { name, want, ...given } of cases) test(name, async () => assert.equal(await choose(given), want));
});

async function choose(given: Omit<Case, 'name' | 'want'>): Promise<string> {
  const published = 'published' in given ? given.published : PUBLISHED;
  const verify = given.verifiesTags ? { mode: 'Tag', secretRef: { name: 'keys' } } : undefined;
  const source = makeSource('uid', { suspend: given.suspended, verify });
  source.status = { artifact: { revision: toRevision(published) } } as GitRepository['status'];
  const kustomization = makeKustomization({ name: 'app', namespace: 'app' }) as Kustomization;
  kustomization.status = {
    lastAttemptedRevision: toRevision(given.attempted, given.attemptedRef),
  } as Kustomization['status'];
  const asked: unknown[] = [];
  const deps = {
    queues: {
      readCursor: async () => given.cursor && toText(given.cursor, { uid: 'uid', asked: given.cursor, ...given }),
      requestSyncs: async (requests: unknown) => void asked.push(requests),
    },
  } as unknown as SyncDeps;

  const { heard, heardSince } = given;
  const run = {
    pending: { wanted: 1, revision: toRevision(heard) },
    refresh: async () => ({ wanted: heardSince ? 2 : 1, revision: toRevision(heardSince ?? heard) }),
  } as unknown as SyncRun;

  const choice = await chooseRevision(deps, { kustomization, source }, run);

  if (choice.kind === 'unsettled') return asked.length > 0 ? 'asked' : 'unsettled';
  return choice.tip?.sha ?? 'none';
}

function toText(sha: string, { uid, asked }: { uid: string; asked: string }): string {
  const source = makeSource(uid);
  const followed = toFollowedReference({ branch: 'main' });
  const tip = { ref: 'main', sha, fullRef: 'refs/heads/main', object: sha };
  const standing = findStanding(source, followed, undefined);
  return formatCursor({ ...toCursor(standing, { source, followed, tip, now: 0 }), asked });
}

function makeSource(uid: string, spec: object = {}): GitRepository {
  const source = makeGitRepository({ name: 'app', namespace: 'app' }, { url: 'https://git.example.com/app', ...spec });
  return { ...source, metadata: { ...source.metadata, uid } } as GitRepository;
}

function toRevision(sha: string | undefined, ref = 'main'): string | undefined {
  return sha === undefined ? undefined : `${ref}@sha1:${sha}`;
}
