import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket, FLUSH } from '../../../src/git/pkt-line.ts';
import { parseAdvertisement } from '../../../src/git/protocol-v1.ts';
import { parseLsRefs } from '../../../src/git/protocol-v2.ts';
import { belowPrefixes, NO_REFS, type WantedRefs } from '../../../src/git/ref-list.ts';

const SHA = 'a'.repeat(40);
const LINES = [
  `${SHA} refs/heads/main`,
  `${SHA} refs/tags/v1`,
  `${SHA} refs/tags/v1^{}`,
  ...[1, 2, 3].map((n) => `${SHA} refs/pull/${n}/head`),
];
const v1 = Buffer.from(`${LINES.map(encodePacket).join('')}${FLUSH}`);
const v2 = Buffer.from(
  `${LINES.filter((line) => !line.endsWith('^{}'))
    .map((line) => encodePacket(line.includes('tags') ? `${line} peeled:${SHA}` : line))
    .join('')}${FLUSH}`,
);

const READERS = [
  { name: 'an advertisement of protocol v1', read: (wanted: WantedRefs) => toRefs(parseAdvertisement(v1, wanted)) },
  { name: 'an answer to ls-refs', read: (wanted: WantedRefs) => parseLsRefs(v2, wanted) },
];

function toRefs(advertisement: ReturnType<typeof parseAdvertisement>) {
  return advertisement.version === 1 ? advertisement.refs : undefined;
}

for (const { name, read } of READERS) {
  test(`of ${name} only the refs below the prefixes are kept, with what tags name`, () => {
    const refs = read({ prefixes: ['refs/heads/', 'refs/tags/'], mostRefs: 2 });

    assert.deepEqual(refs, [
      { name: 'refs/heads/main', sha: SHA },
      { name: 'refs/tags/v1', sha: SHA, peeled: SHA },
    ]);
  });

  test(`of ${name} more refs than allowed are refused, with the bound and a way out`, () => {
    assert.equal(read({ prefixes: [], mostRefs: 5 })?.length, 5);
    assert.throws(() => read({ prefixes: [], mostRefs: 4 }), {
      code: 'GIT_LIMIT_EXCEEDED',
      message: /^the server lists more than 4 refs: remove some/,
    });
  });
}

test('whether a repository is empty is known also where no ref is wanted', () => {
  const none = Buffer.from(`${encodePacket(`${'0'.repeat(40)} capabilities^{}\0shallow`)}${FLUSH}`);

  const answers = [v1, none, Buffer.from(FLUSH)].map((body) => parseAdvertisement(body, NO_REFS));

  assert.deepEqual(
    answers.map((answer) => answer.version === 1 && [answer.isEmpty, answer.refs.length]),
    [
      [false, 0],
      [true, 0],
      [true, 0],
    ],
  );
});

test('prefixes select, and none selects all', () => {
  const refs = ['refs/heads/a', 'refs/tags/a'].map((name) => ({ name, sha: SHA }));

  assert.deepEqual(belowPrefixes(refs, ['refs/heads/']), refs.slice(0, 1));
  assert.deepEqual(belowPrefixes(refs, []), refs);
});
