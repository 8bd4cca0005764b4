import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import { isVariableName, substituteVariables } from '../../../src/manifest/substitute-variables.ts';
import type { KubeObject } from '../../../src/model/kube-object.ts';

const MEBIBYTE = 1024 * 1024;

function configMap(value: unknown, metadata: Partial<KubeObject['metadata']> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', ...metadata }, data: { value } };
}

function ref(expression: string): string {
  return `$\{${expression}}`;
}

function failureOf(object: KubeObject, variables: Record<string, string> = {}, strict = true): HawserError {
  try {
    substituteVariables(object, { variables, strict });
  } catch (error) {
    assert.ok(error instanceof HawserError);
    return error;
  }
  assert.fail('nothing was thrown');
}

const NAMES = [
  { name: 'cluster_name', want: true },
  { name: '_', want: true },
  { name: 'A1', want: true },
  { name: '', want: false },
  { name: '1a', want: false },
  { name: 'a-b', want: false },
  { name: 'a.b', want: false },
  { name: 'a\n', want: false },
  { name: 'é', want: false },
];

for (const { name, want } of NAMES) {
  test(`the variable name ${JSON.stringify(name)} is ${want ? 'accepted' : 'refused'}`, () => {
    assert.equal(isVariableName(name), want);
  });
}

test('an object without a reference is returned as it is, whatever else is in it', () => {
  const object = configMap({ a: '$word {x} 5$ $', big: 12345678901234567890n });

  assert.equal(substituteVariables(object, { variables: { word: 'x' }, strict: true }), object);
});

test('an object that opts out is returned as it is, by annotation or by label', () => {
  const optOut = { 'kustomize.toolkit.fluxcd.io/substitute': 'disabled' };

  for (const metadata of [{ annotations: optOut }, { labels: optOut }]) {
    const object = configMap(ref('missing'), metadata);
    assert.equal(substituteVariables(object, { variables: {}, strict: true }), object);
  }
});

test('the given object is never changed', () => {
  const object = configMap([ref('a'), { [ref('a')]: ref('empty') }]);
  const before = structuredClone(object);

  substituteVariables(object, { variables: { a: 'x', empty: '' }, strict: true });

  assert.deepEqual(object, before);
});

test('integers beyond the reach of a double stay exact, from the object and from a value', () => {
  const variables = { id: '9007199254740993' };

  const { data } = substituteVariables(configMap([18446744073709551615n, ref('id')]), { variables, strict: true });

  assert.deepEqual(data, { value: [18446744073709551615n, 9007199254740993n] });
});

test('line feeds are taken out of values, as in Flux', () => {
  const { data } = substituteVariables(configMap(ref('lines')), { variables: { lines: 'a\nb\n' }, strict: true });

  assert.deepEqual(data, { value: 'ab' });
});

test('names that every JavaScript object knows are not variables', () => {
  const { data } = substituteVariables(configMap(`x${ref('constructor')}${ref('__proto__')}`), {
    variables: {},
    strict: false,
  });

  assert.deepEqual(data, { value: 'x' });
});

test('a missing variable is reported in the words of Flux, and a person must act', () => {
  const error = failureOf(configMap(ref('missing'), { name: 'subst' }));

  assert.equal(
    error.message,
    `post build failed for 'ConfigMap.v1.[noGrp]/subst': envsubst error: variable substitution failed: variable not set (strict mode): "missing"`,
  );
  assert.deepEqual([error.code, error.reason, error.disposition], ['SUBSTITUTION_FAILED', 'BuildFailed', 'stalled']);
});

test('an object of a group is named with its group', () => {
  const object = { ...configMap(ref('missing')), apiVersion: 'apps/v1', kind: 'Deployment' };

  assert.match(failureOf(object).message, /^post build failed for 'Deployment\.v1\.apps\/settings': /);
});

test('a name that a variable turned into a number is refused with the way out', () => {
  const object = configMap('x', { name: ref('n') });

  assert.match(failureOf(object, { n: '5' }).message, /metadata\.name must be a string: quote it$/);
});

const SECRET = 'hunter2-s3cret';

const LEAKS = [
  { name: 'breaks the YAML', text: ref('v'), value: `a: b: ${SECRET}` },
  { name: 'is an unknown alias', text: ref('v'), value: `*${SECRET}` },
  { name: 'is an anchor with an odd name', text: ref('v'), value: `&${SECRET}!` },
  { name: 'is an unknown tag', text: ref('v'), value: `!<${SECRET}> x` },
  { name: 'is open', text: ref('v'), value: `"${SECRET}` },
  { name: 'is followed by a syntax error', text: `${ref('v')}\${`, value: SECRET },
  { name: 'is a default beside a missing variable', text: ref(`v:-${ref('missing')}`), value: SECRET },
  { name: 'is cut within a character', text: `${ref('v')}${ref('v:0:1')}`, value: `é${SECRET}` },
  { name: 'is sliced by a negative length', text: ref('v:5:-3'), value: SECRET },
];

for (const { name, text, value } of LEAKS) {
  test(`no message holds a value that ${name}`, () => {
    const error = failureOf(configMap(text), { v: value });

    assert.doesNotMatch(JSON.stringify([error.message, error.data, String(error.cause)]), /hunter2|s3cret/);
  });
}

const BOUNDS = [
  { name: 'the result is too large', text: ref('big').repeat(9), want: /result is larger than 8 MiB/ },
  { name: 'a replacement grows too large', text: ref(`big//a/${'b'.repeat(100)}`), want: /take too long|larger than/ },
  { name: 'a replacement by a value grows too large', text: ref(`big//a/${ref('big')}`), want: /take too long/ },
  { name: 'a pattern takes too long', text: ref('big##*a*a*a*b'), want: /take too long/ },
  { name: 'a suffix pattern takes too long', text: ref('big%b*'), want: /take too long/ },
  { name: 'references are nested too deeply', text: '${a:-'.repeat(100_000), want: /more than 200 levels deep/ },
  {
    name: 'aliases multiply',
    text: `[&a ["${'x'.repeat(1000)}"], &b [${'*a,'.repeat(99)}], &c [${'*b,'.repeat(99)}], [${'*c,'.repeat(99)}]]`,
    want: /no valid YAML/,
  },
];

for (const { name, text, want } of BOUNDS) {
  test(`substitution ends with an error when ${name}`, () => {
    const variables = { big: 'a'.repeat(MEBIBYTE), text };
    const object = name === 'aliases multiply' ? configMap(ref('text')) : configMap(text);

    assert.match(failureOf(object, variables).message, want);
  });
}

test('text without a dollar sign never changes', () => {
  const text = fc.string().map((value) => value.replaceAll('$', ''));
  const value = fc.object({ key: text, values: [text, fc.integer(), fc.constant(null)], maxDepth: 2, maxKeys: 4 });

  fc.assert(
    fc.property(value, (given) => {
      const object = configMap(given);
      assert.equal(substituteVariables(object, { variables: { v: 'x' }, strict: true }), object);
    }),
  );
});

test('what stands beside a reference never changes', () => {
  const text = fc.string({ unit: 'grapheme' }).map((value) => value.replaceAll('$', ''));
  const value = fc.object({ key: text, values: [text, fc.integer(), fc.constant(null)], maxDepth: 2, maxKeys: 4 });

  fc.assert(
    fc.property(value, (given) => {
      const { data } = substituteVariables(configMap([ref('v'), given]), { variables: { v: 'x' }, strict: true });
      assert.deepEqual(data, { value: ['x', JSON.parse(JSON.stringify(given))] });
    }),
  );
});

test('any text gives an object or an error of ours', () => {
  const piece = fc.constantFrom(
    '${',
    '}',
    '$',
    ':',
    '-',
    '=',
    '/',
    '#',
    '%',
    '^',
    ',',
    '*',
    '[',
    ']',
    '\\',
    'v',
    '1',
    ' ',
    '\n',
  );
  const text = fc.array(fc.oneof(piece, fc.string({ unit: 'grapheme', maxLength: 3 })), { maxLength: 40 });

  fc.assert(
    fc.property(text, fc.string(), fc.boolean(), (pieces, v, strict) => {
      try {
        substituteVariables(configMap(pieces.join('')), { variables: { v }, strict });
      } catch (error) {
        assert.ok(error instanceof HawserError && error.code === 'SUBSTITUTION_FAILED', String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
