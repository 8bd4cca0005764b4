import { FAILSAFE_SCHEMA, Type, YAMLException } from 'js-yaml';

const NULLS: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['True', true],
  ['TRUE', true],
  ['false', false],
  ['False', false],
  ['FALSE', false],
]);

/** Decimal, or the prefix of a radix; a leading zero alone is octal, as in YAML 1.1. Underscores are gone by then. */
const INTEGER = /^([-+]?)(0b[01]+|0o[0-7]+|0x[0-9a-f]+|0[0-7]+|0|[1-9][0-9]*)$/i;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:e[-+]?[0-9]+)?$/i;
const TIMESTAMP =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d+))?(Z|[-+]\d\d:\d\d))|(?: (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d+))?))?$/;

const LARGEST_UINT64 = 2n ** 64n - 1n;
const SMALLEST_INT64 = -(2n ** 63n);

const NO_JSON_NUMBER = /^[-+]?\.(?:inf|nan)$/i;

const MERGE = new Type('tag:yaml.org,2002:merge', { kind: 'scalar', resolve: (text) => text === '<<' });

const KINDS = ['scalar', 'sequence', 'mapping'] as const;
const UNKNOWN_TAGS = KINDS.map((kind) => new Type('!', { kind, multi: true }));

/**
 * The scalars of kustomize (kyaml): `yes`, `on` and `12:30` are strings, `0644` is 420, integers beyond 2^53 stay
 * exact as BigInt, an unquoted date becomes the timestamp that kustomize writes, unknown tags are ignored.
 */
export const MANIFEST_SCHEMA = FAILSAFE_SCHEMA.extend({
  implicit: [
    new Type('tag:yaml.org,2002:null', {
      kind: 'scalar',
      resolve: (text: string | null) => text === null || NULLS.has(text),
      construct: () => null,
    }),
    scalarType('bool', (text) => BOOLEANS.get(text)),
    scalarType('int', toInteger),
    scalarType('float', toFloat),
    scalarType('timestamp', toTimestamp),
    MERGE,
  ],
  explicit: [...UNKNOWN_TAGS, new Type('tag:yaml.org,2002:binary', { kind: 'scalar', construct: decodeBase64 })],
});

/** Every scalar as the text that stands in the file: what kustomize makes of annotations. */
export const TEXT_SCHEMA = FAILSAFE_SCHEMA.extend({ implicit: [MERGE], explicit: [...UNKNOWN_TAGS] });

function scalarType(tag: string, convert: (text: string) => unknown): Type {
  return new Type(`tag:yaml.org,2002:${tag}`, {
    kind: 'scalar',
    resolve: (text: string | null) => text !== null && convert(text) !== undefined,
    construct: convert,
  });
}

function toInteger(text: string): number | bigint | undefined {
  const match = /^[-+.0-9]/.test(text) ? INTEGER.exec(text.replaceAll('_', '')) : null;
  if (!match?.[2]) return undefined;
  const magnitude = BigInt(/^0[0-7]+$/.test(match[2]) ? `0o${match[2].slice(1)}` : match[2].toLowerCase());
  const value = match[1] === '-' ? -magnitude : magnitude;
  if (value > LARGEST_UINT64 || value < SMALLEST_INT64) return undefined;
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

function toFloat(text: string): number | undefined {
  if (NO_JSON_NUMBER.test(text)) throw new YAMLException(`${text} is a number that JSON does not have`);
  const plain = text.replaceAll('_', '');
  if (!/^[-+.0-9]/.test(text) || !FLOAT.test(plain)) return undefined;
  const value = Number(plain);
  // Adding 0 turns -0, which JSON does not have, into 0.
  return Number.isFinite(value) ? value + 0 : undefined;
}

/** Go's RFC 3339 form of a YAML 1.1 timestamp; undefined for text that is no date, such as `2024-13-01`. */
function toTimestamp(text: string): string | undefined {
  const match = TIMESTAMP.exec(text);
  if (!match) return undefined;
  const [, year = '', month = '', day = ''] = match;
  const [hour = '0', minute = '0', second = '0'] = match[4] === undefined ? match.slice(9, 12) : match.slice(4, 7);
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const isDate = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  if (!isDate || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const digits = (match[7] ?? match[12] ?? '').slice(0, 9).replace(/0+$/, '');
  const time = [hour, minute, second].map(twoDigits).join(':');
  const zone = match[8] === '+00:00' || match[8] === '-00:00' ? 'Z' : (match[8] ?? 'Z');
  return `${year}-${twoDigits(month)}-${twoDigits(day)}T${time}${digits === '' ? '' : `.${digits}`}${zone}`;
}

function twoDigits(text: string): string {
  return text.padStart(2, '0');
}

function decodeBase64(text: string | null): string {
  return Buffer.from(text ?? '', 'base64').toString('utf8');
}
