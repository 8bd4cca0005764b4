import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toRegExp } from '../../../src/expression/to-regexp.ts';

const MATCHES = [
  { name: 'anchors of the whole text', pattern: '\\Aab\\z', text: 'ab', want: true },
  { name: 'anchors that are not lines', pattern: '\\Ab\\z', text: 'a\nb', want: false },
  { name: 'lines, if asked for', pattern: '(?m)^b$', text: 'a\nb', want: true },
  { name: 'no lines otherwise', pattern: '^b$', text: 'a\nb', want: false },
  { name: 'case, if asked for', pattern: '(?i)RUN', text: 'running', want: true },
  { name: 'case within a group', pattern: 'r(?i:UN)', text: 'run', want: true },
  { name: 'a dot that is no line break', pattern: 'a.b', text: 'a\nb', want: false },
  { name: 'a dot that is, if asked for', pattern: '(?s)a.b', text: 'a\nb', want: true },
  { name: 'groups named as in Go', pattern: '(?P<word>a+)', text: 'aa', want: true },
  { name: 'POSIX classes', pattern: '^[[:upper:]_[:digit:]]+$', text: 'A_1', want: true },
  { name: 'POSIX classes that do not fit', pattern: '^[[:upper:]]+$', text: 'a', want: false },
  { name: 'punctuation that is escaped without need', pattern: 'a\\-b\\/c\\@d', text: 'a-b/c@d', want: true },
  { name: 'a bracket as first member', pattern: '^[]a]+$', text: ']a]', want: true },
  { name: 'a bracket as first of what is left out', pattern: '^[^]a]+$', text: 'b]', want: false },
  { name: 'an opening bracket as member', pattern: '^[[a]+$', text: '[a', want: true },
  { name: 'a dash as member', pattern: '^[\\w\\-.]+$', text: 'a-b.c', want: true },
  { name: 'letters of Unicode', pattern: '^\\pL+$', text: 'Größe', want: true },
  { name: 'what is not a letter', pattern: '^\\P{L}+$', text: '12', want: true },
  { name: 'scripts', pattern: '^\\p{Greek}+$', text: 'αβγ', want: true },
  { name: 'one character for an emoji', pattern: '^.$', text: '🚀', want: true },
  { name: 'hexadecimal escapes', pattern: '^\\x41\\x{1F680}$', text: 'A🚀', want: true },
  { name: 'a group-like text in brackets', pattern: '^[(?i)]+$', text: '(?)i', want: true },
];

for (const { name, pattern, text, want } of MATCHES) {
  test(`patterns know ${name}`, () => {
    assert.equal(toRegExp(pattern).test(text), want);
  });
}

for (const pattern of [
  '(?=a)',
  '(?!a)',
  '(?<=a)',
  '(a)\\1',
  '\\Qa\\E',
  'a(?i)b',
  '[[:nope:]]',
  '(',
  'a**',
  '[a',
  '\\',
]) {
  test(`the pattern ${pattern} is refused`, () => {
    assert.throws(() => toRegExp(pattern), SyntaxError);
  });
}
