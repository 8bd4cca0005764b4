import { FAILSAFE_SCHEMA, Type, YAMLException } from 'js-yaml';

/**
 * The scalars of Go's YAML 1.1 parser, through which Flux reads an object again after its variables are replaced:
 * unlike in a manifest, `yes`, `on` and `n` are booleans here, `08` is a float and a date stays a string.
 */
const WORDS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ...spell(true, ['y', 'yes', 'true', 'on']),
  ...spell(false, ['n', 'no', 'false', 'off']),
  ...spell(null, ['null']),
  ['', null],
  ['~', null],
]);

const INTEGER = /^([-+]?)(0x[0-9a-f]+|0o?[0-7]+|0b[01]+|0|[1-9][0-9]*)$/i;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:e[-+]?[0-9]+)?$/i;
const NO_JSON_NUMBER = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const TIMESTAMP = /^\d{4}-\d{1,2}-\d{1,2}(?:$|[Tt ]\d{1,2}:\d{1,2}:\d{1,2})/;
/** Read as a string, but quoted on the way out for the sake of other parsers. */
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;

const LARGEST_UINT64 = 2n ** 64n - 1n;
const SMALLEST_INT64 = -(2n ** 63n);

/** Unknown tags are ignored; what stands behind one is never null. */
const UNKNOWN_TAGS = [
  new Type('!', { kind: 'scalar', multi: true, construct: (text: string | null) => text ?? '' }),
  new Type('!', { kind: 'sequence', multi: true }),
  new Type('!', { kind: 'mapping', multi: true }),
];

/** For js-yaml: reads what write-yaml.ts wrote, and whatever variables made of it. */
export const YAML_1_1_SCHEMA = FAILSAFE_SCHEMA.extend({
  implicit: [
    scalarType('null', (text) => (WORDS.get(text) === null ? null : undefined)),
    scalarType('bool', (text) => WORDS.get(text) ?? undefined),
    scalarType('int', toInteger),
    scalarType('float', toFloat),
    new Type('tag:yaml.org,2002:merge', { kind: 'scalar', resolve: (text) => text === '<<' }),
  ],
  explicit: UNKNOWN_TAGS,
});

/** True if the text, written without quotes, is read as the same string and means nothing else to anybody. */
export function isPlainString(text: string): boolean {
  if (WORDS.has(text) || NO_JSON_NUMBER.test(text) || TIMESTAMP.test(text) || BASE_60.test(text)) return false;
  return toInteger(text) === undefined && toFloat(text) === undefined;
}

function spell<T>(value: T, words: readonly string[]): [string, T][] {
  return words.flatMap((word): [string, T][] => {
    const capitalized = word.charAt(0).toUpperCase() + word.slice(1);
    return [word, capitalized, word.toUpperCase()].map((spelling): [string, T] => [spelling, value]);
  });
}

function scalarType(tag: string, convert: (text: string) => unknown): Type {
  return new Type(`tag:yaml.org,2002:${tag}`, {
    kind: 'scalar',
    resolve: (text: string | null) => convert(text ?? '') !== undefined,
    construct: (text: string | null) => convert(text ?? ''),
  });
}

function toInteger(text: string): number | bigint | undefined {
  const match = /^[-+0-9]/.test(text) ? INTEGER.exec(text.replaceAll('_', '')) : null;
  if (!match?.[2]) return undefined;
  const magnitude = BigInt(match[2].toLowerCase().replace(/^0(?=[0-7])/, '0o'));
  const value = match[1] === '-' ? -magnitude : magnitude;
  const isUnsigned = match[1] === '' && value <= LARGEST_UINT64;
  if (!isUnsigned && (value > LARGEST_UINT64 / 2n || value < SMALLEST_INT64)) return undefined;
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

function toFloat(text: string): number | undefined {
  if (NO_JSON_NUMBER.test(text)) throw new YAMLException('is a number that JSON does not have');
  const plain = text.replaceAll('_', '');
  if (!/^[-+.0-9]/.test(text) || !FLOAT.test(plain)) return undefined;
  const value = Number(plain);
  // Adding 0 turns -0, which JSON does not have, into 0.
  return Number.isFinite(value) ? value + 0 : undefined;
}
