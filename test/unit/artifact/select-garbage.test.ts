import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ArtifactFile, selectGarbage } from '../../../src/artifact/artifact-store.ts';

const NOW = 10_000_000;

function file(name: string, ageS: number): ArtifactFile {
  return { name, modifiedAt: NOW - ageS * 1_000 };
}

const CASES: readonly { name: string; files: ArtifactFile[]; kept?: string[]; want: string[] }[] = [
  { name: 'keeps two however old', files: [file('a', 9_000), file('b', 8_000)], want: [] },
  { name: 'drops what was replaced long ago', files: [file('a', 300), file('b', 200), file('c', 100)], want: ['a'] },
  {
    name: 'keeps what is old but was replaced just now',
    files: [file('a', 9_000), file('b', 59), file('c', 1)],
    want: [],
  },
  {
    name: 'drops only those that were replaced long ago',
    files: [file('a', 300), file('b', 200), file('c', 30), file('d', 1)],
    want: ['a'],
  },
  { name: 'keeps what is beyond two but young', files: [file('a', 59), file('b', 2), file('c', 1)], want: [] },
  { name: 'keeps what is asked for', files: [file('a', 300), file('b', 200), file('c', 100)], kept: ['a'], want: [] },
  { name: 'leaves a write alone', files: [file('.x.tmp', 300)], want: [] },
  { name: 'drops what a killed write left', files: [file('.x.tmp', 4_000), file('a', 5_000)], want: ['.x.tmp'] },
];

for (const { name, files, kept = [], want } of CASES) {
  test(`collecting artifacts ${name}`, () => {
    assert.deepEqual(selectGarbage(files, new Set(kept), NOW), want);
  });
}
