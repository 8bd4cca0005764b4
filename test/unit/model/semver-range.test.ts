import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { compareVersions, parseTagVersion } from '../../../src/model/semver.ts';
import { parseSemverRange } from '../../../src/model/semver-range.ts';
import { RANGES, TAGS } from '../../fixtures/semver/inputs.ts';

/** What Flux's own library answered (test/fixtures/semver/record.ts). */
const RECORDED: {
  readonly order: readonly string[][];
  readonly ranges: Readonly<Record<string, { readonly tags: readonly string[]; readonly error?: string }>>;
} = JSON.parse(readFileSync(new URL('../../fixtures/semver/cases.json', import.meta.url), 'utf8'));

const ORDERED = RECORDED.order.flat();

test('the tags that are versions are those of Flux', () => {
  const versions = TAGS.filter((tag) => parseTagVersion(tag) !== undefined);

  assert.deepEqual(versions.sort(), ORDERED.toSorted());
});

test('versions are ordered as in Flux, those that differ by build metadata alone being equal', () => {
  const rank = new Map(RECORDED.order.flatMap((group, index) => group.map((tag) => [tag, index] as const)));
  for (const a of ORDERED) {
    for (const b of ORDERED) {
      const want = Math.sign((rank.get(a) ?? 0) - (rank.get(b) ?? 0));

      assert.equal(compareVersions(versionOf(a), versionOf(b)), want, `${a} against ${b}`);
    }
  }
});

describe('a range of versions includes what it includes in Flux', () => {
  for (const range of RANGES) {
    test(`for ${JSON.stringify(range).slice(0, 60)}`, () => {
      const want = RECORDED.ranges[range];
      assert.ok(want, 'not recorded: run test/fixtures/semver/record.ts');

      assert.deepEqual(answer(range), want);
    });
  }
});

test('a range made to be slow is read at once', () => {
  const ranges = [`${'1  '.repeat(160)}!`, `${' '.repeat(505)}1 -`, `1${'.x'.repeat(250)}`, `${'1 - '.repeat(120)}`];
  for (const range of ranges) assert.throws(() => parseSemverRange(range), /semver parse error/);
});

function versionOf(tag: string) {
  const version = parseTagVersion(tag);
  assert.ok(version, tag);
  return version;
}

function answer(text: string): { tags: string[]; error?: string } {
  try {
    const range = parseSemverRange(text);
    return { tags: ORDERED.filter((tag) => range.includes(versionOf(tag))) };
  } catch (error) {
    assert.ok(error instanceof Error);
    const said = /^semver parse error: (.*); correct spec\.ref\.semver$/s.exec(error.message);
    return { tags: [], error: said?.[1] ?? error.message };
  }
}
