import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RemoteRef } from '../../../src/git/create-git-client.ts';
import { toFollowedReference } from '../../../src/model/followed-reference.ts';
import type { GitReference } from '../../../src/model/git-repository.ts';
import type { Hint } from '../../../src/model/push.ts';
import { decideTip } from '../../../src/sync/decide-tip.ts';
import { doubtsOf } from '../../../src/sync/follow-tags.ts';
import { placeHints } from '../../../src/sync/place-hints.ts';
import type { Tip } from '../../../src/sync/tip.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const C = 'c'.repeat(40);
/** The tag object of an annotated tag on commit B. */
const OBJECT = 'f'.repeat(40);
const ZEROS = '0'.repeat(40);
const NOW = 1_000_000;

/** A moment of a source that follows versions: what it had come to, what the remote names, what a hook said. */
interface Moment {
  readonly name: string;
  readonly current?: { readonly ref: string; readonly sha: string };
  /** `v1.0=a`: tag and commit. */
  readonly refs: readonly string[];
  readonly hook?: {
    readonly ref: string;
    readonly before?: string;
    readonly after?: string;
    readonly firstSeen?: boolean;
  };
  readonly left?: readonly string[];
  readonly want: { readonly decision: string; readonly passedOver?: RegExp };
}

const V1 = { ref: 'v1.0.0', sha: A };
const V2 = { ref: 'v2.0.0', sha: B };

const MOMENTS: readonly Moment[] = [
  { name: 'the first answer is used', refs: ['v1.0.0=a'], want: { decision: 'go' } },
  { name: 'a higher tag is a push', current: V1, refs: ['v1.0.0=a', 'v2.0.0=b'], want: { decision: 'go' } },
  {
    name: 'a higher tag is news even on a commit that was left a moment ago',
    current: V2,
    refs: ['v2.0.0=b', 'v3.0.0=a'],
    left: [A],
    want: { decision: 'go' },
  },
  {
    name: 'a hook for a higher tag that the remote does not name yet is waited for',
    current: V1,
    refs: ['v1.0.0=a'],
    hook: { ref: 'v2.0.0', after: B },
    want: { decision: 'askAgain' },
  },
  {
    name: 'a hook for a lower tag is passed over and not waited for',
    current: V2,
    refs: ['v2.0.0=b'],
    hook: { ref: 'v1.5.0', after: C },
    want: {
      decision: 'unchanged',
      passedOver: /not the highest: refs\/tags\/v1\.5\.0 is lower than refs\/tags\/v2\.0\.0/,
    },
  },
  {
    name: 'a hook for a tag that is no version is passed over',
    current: V1,
    refs: ['v1.0.0=a', 'nightly=c'],
    hook: { ref: 'nightly', after: C },
    want: {
      decision: 'unchanged',
      passedOver: /outside the range: refs\/tags\/nightly is no version within >=1\.0\.0/,
    },
  },
  {
    name: 'a lower answer without a reason may be a replica that lags: it is asked again',
    current: V2,
    refs: ['v1.0.0=a'],
    want: { decision: 'askAgain' },
  },
  {
    name: 'a delayed hook for the lower tag does not explain a lower answer',
    current: V2,
    refs: ['v1.0.0=a'],
    hook: { ref: 'v1.0.0', after: A },
    want: { decision: 'askAgain' },
  },
  {
    name: 'the hook of the deletion explains that the highest tag is gone',
    current: V2,
    refs: ['v1.0.0=a'],
    hook: { ref: 'v2.0.0', before: B, after: ZEROS },
    left: [A],
    want: { decision: 'go' },
  },
  {
    name: 'a redelivered hook of a deletion explains nothing',
    current: V2,
    refs: ['v1.0.0=a'],
    hook: { ref: 'v2.0.0', before: B, after: ZEROS, firstSeen: false },
    want: { decision: 'askAgain' },
  },
  {
    name: 'an old deletion of a tag that was made anew explains nothing',
    current: V2,
    refs: ['v1.0.0=a'],
    hook: { ref: 'v2.0.0', before: C, after: ZEROS },
    want: { decision: 'askAgain', passedOver: /^not followed: / },
  },
  {
    name: 'a deletion that the remote has not carried out yet is waited for',
    current: V2,
    refs: ['v1.0.0=a', 'v2.0.0=b'],
    hook: { ref: 'v2.0.0', before: B, after: ZEROS },
    want: { decision: 'askAgain' },
  },
  {
    name: 'the highest tag that was moved is a push',
    current: V2,
    refs: ['v1.0.0=a', 'v2.0.0=c'],
    hook: { ref: 'v2.0.0', before: B, after: C },
    want: { decision: 'go' },
  },
];

describe('for a source that follows versions', () => {
  for (const { name, current, refs, hook, left = [], want } of MOMENTS) {
    test(name, () => {
      const followed = toFollowedReference({ semver: '>=1.0.0' });
      const answered = refs.map(toRef);
      const tip = toTip(answered.filter((ref) => ref.name !== 'refs/tags/nightly').at(-1));
      const heard = hook ? [makeHint({ ...hook, ref: `refs/tags/${hook.ref}` })] : [];

      const { hints, passedOver } = placeHints(heard, {
        followed,
        answer: { tip, refs: answered },
        current,
        peeled: new Map(),
      });
      const known = new Map(left.map((sha) => [sha, NOW - 1_000]));
      const decision = decideTip({
        tip: tip.sha,
        current: current?.sha,
        ...doubtsOf(followed, { tip, current, movedAt: NOW - 1_000, left: known, now: NOW }),
        hints,
        namedSince: NOW,
        now: NOW,
      });

      assert.equal(decision.kind, want.decision);
      assert.match(passedOver[0]?.reason ?? '', want.passedOver ?? /^$/);
    });
  }
});

const TAG_MOMENTS: readonly {
  name: string;
  hook: Pick<Hint, 'before' | 'after'>;
  peeled?: [string, string][];
  want: object;
}[] = [
  { name: 'a tag object that the ref names', hook: { before: A, after: OBJECT }, want: { before: A, after: B } },
  { name: 'a commit', hook: { before: A, after: B }, want: { before: A, after: B } },
  {
    name: 'an object that the ref does not name yet',
    hook: { before: OBJECT, after: C },
    want: { before: B, after: C },
  },
  {
    name: 'an object that the ref named earlier',
    hook: { before: C, after: OBJECT },
    peeled: [[C, A]],
    want: { before: A, after: B },
  },
];

describe('for a source that follows one tag', () => {
  for (const { name, hook, peeled = [], want } of TAG_MOMENTS) {
    test(`a hook that names ${name} is understood`, () => {
      const ref: RemoteRef = { name: 'refs/tags/v1', sha: OBJECT, peeled: B };
      const tip: Tip = { ref: 'v1', fullRef: ref.name, sha: B, object: OBJECT };
      const followed = toFollowedReference({ tag: 'v1' });
      const place = { followed, answer: { tip, refs: [ref] }, current: undefined, peeled: new Map(peeled) };

      const { hints, passedOver } = placeHints([makeHint({ ref: ref.name, ...hook })], place);

      assert.partialDeepStrictEqual(hints, [want]);
      assert.deepEqual(passedOver, []);
    });
  }
});

const REFERENCES: readonly { name: string; given: GitReference | undefined; want: object }[] = [
  { name: 'nothing', given: undefined, want: { kind: 'branch', ref: 'refs/heads/master', shown: 'master' } },
  { name: 'a branch', given: { branch: 'a/b' }, want: { kind: 'branch', ref: 'refs/heads/a/b', shown: 'a/b' } },
  { name: 'tag over branch', given: { branch: 'b', tag: 't' }, want: { kind: 'tag', ref: 'refs/tags/t', shown: 't' } },
  { name: 'versions over tag', given: { tag: 't', semver: '1.x' }, want: { kind: 'semver', range: '1.x' } },
  {
    name: 'name over versions',
    given: { semver: '1.x', name: 'refs/pull/1/head' },
    want: { kind: 'name', ref: 'refs/pull/1/head', shown: 'refs/pull/1/head' },
  },
  {
    name: 'a name that asks for what a tag names',
    given: { name: 'refs/tags/v1^{}' },
    want: { kind: 'name', ref: 'refs/tags/v1', shown: 'refs/tags/v1^{}' },
  },
  { name: 'commit over name', given: { name: 'n', commit: 'ABC' }, want: { kind: 'commit', sha: 'abc', shown: '' } },
  {
    name: 'a commit of a branch',
    given: { commit: A, branch: 'main' },
    want: { kind: 'commit', sha: A, shown: 'main' },
  },
  {
    name: 'empty fields, which are absent',
    given: { commit: '', name: '', semver: '', tag: '', branch: '' },
    want: { kind: 'branch', ref: 'refs/heads/master', shown: 'master' },
  },
];

describe('what a spec follows', () => {
  for (const { name, given, want } of REFERENCES) {
    test(`is read from ${name}`, () => assert.deepEqual(toFollowedReference(given), want));
  }
});

function toRef(text: string): RemoteRef {
  const [name = '', letter = ''] = text.split('=');
  return { name: `refs/tags/${name}`, sha: letter.repeat(40) };
}

function toTip(ref: RemoteRef | undefined): Tip {
  assert.ok(ref);
  return { ref: ref.name.slice('refs/tags/'.length), fullRef: ref.name, sha: ref.sha, object: ref.sha };
}

function makeHint(hint: { ref: string; before?: string; after?: string; firstSeen?: boolean }): Hint {
  return { before: ZEROS, after: A, deliveryId: 'd', firstSeen: true, heardAt: NOW - 10, ...hint };
}
