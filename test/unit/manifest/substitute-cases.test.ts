import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { substituteVariables } from '../../../src/manifest/substitute-variables.ts';
import {
  EXPRESSION_INPUTS,
  NAME_INPUTS,
  OBJECT_INPUTS,
  type SubstituteInput,
  VALUE_INPUTS,
} from '../../fixtures/substitute/inputs.ts';

const TABLES = [
  { title: 'every expression expands as in Flux, or fails with its words', inputs: EXPRESSION_INPUTS },
  { title: 'every value becomes the type that Flux makes of it', inputs: VALUE_INPUTS },
  { title: 'whole objects come out as in Flux', inputs: OBJECT_INPUTS },
  { title: 'names of variables are accepted and refused as in Flux', inputs: NAME_INPUTS },
];

/** Where the result differs on purpose, and why; an entry that does not differ fails. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  'value -0.0 key': 'a float as a key keeps its sign in Go',
  'value .nan key': 'a key that is no JSON number is refused',
  'value .inf key': 'a key that is no JSON number is refused',
  'value -.inf key': 'a key that is no JSON number is refused',
  'value .Inf key': 'a key that is no JSON number is refused',
  'value \ta item': 'a tab before an item is read over',
};

interface Recorded {
  readonly want?: unknown;
  readonly error?: string;
}

const CASES: Readonly<Record<string, Recorded>> = JSON.parse(
  readFileSync(new URL('../../fixtures/substitute/cases.json', import.meta.url), 'utf8'),
);

for (const { title, inputs } of TABLES) {
  test(title, () => {
    const different = inputs.filter((input) => !isAsRecorded(input)).map(({ name }) => name);

    const expected = inputs.map(({ name }) => name).filter((name) => name in DIFFERENCES);
    assert.deepEqual(different, expected, 'not as recorded from Flux (if the inputs changed, run record.ts)');
  });
}

function isAsRecorded(input: SubstituteInput): boolean {
  const recorded = CASES[input.name];
  assert.ok(recorded, `${input.name} is not in cases.json: run test/fixtures/substitute/record.ts`);
  const got = substitute(input);
  if (recorded.error === undefined) return isDeepStrictEqual(got, { want: recorded.want });
  if (got.error === undefined) return false;
  // The YAML parsers' words differ, and a panic has none worth repeating.
  return (
    isOwnWords(recorded.error) || got.error === `post build failed for 'ConfigMap.v1.[noGrp]/a': ${recorded.error}`
  );
}

function isOwnWords(error: string): boolean {
  return /^(?:envsubst error: YAMLToJSON|UnmarshalJSON|panic)/.test(error);
}

function substitute(input: SubstituteInput): Recorded {
  try {
    return { want: toPlain(substituteVariables(input.object, input)) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** Go's JSON reader rounds big integers; they are exact here. */
function toPlain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? Number(item) : item)));
}
