import { HawserError } from '../errors/hawser-error.ts';
import { comparePrereleases, compareVersions, parseVersion, type Version } from './semver.ts';

/** Which versions are wanted, in the notation of Flux (github.com/Masterminds/semver). */
export interface SemverRange {
  includes(version: Version): boolean;
}

/** One comparison; a wildcard, or a part left out, makes the parts from there on free. */
interface Comparison {
  readonly operator: Operator;
  readonly version: Version;
  /** The first part that is free: `major` of `*`, `minor` of `1.x` and `1`, `patch` of `1.2`. */
  readonly free: 'major' | 'minor' | 'patch' | undefined;
}

type Operator = '=' | '!=' | '>' | '<' | '>=' | '<=' | '~' | '^';

const OPERATORS: Readonly<Record<string, Operator>> = {
  '': '=',
  '=': '=',
  '!=': '!=',
  '>': '>',
  '<': '<',
  '>=': '>=',
  '=>': '>=',
  '<=': '<=',
  '=<': '<=',
  '~': '~',
  '~>': '~',
  '^': '^',
};

const PART = '[0-9|xX*]+';
const IDENTIFIERS = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*';
const PATTERN = `v?(${PART})(\\.${PART})?(\\.${PART})?(-${IDENTIFIERS})?(?:\\+${IDENTIFIERS})?`;
const HYPHEN_RANGE = new RegExp(`\\s*(${PATTERN})\\s+-\\s+(${PATTERN})\\s*`, 'g');
const COMPARISON = new RegExp(`(!=|>=|=>|<=|=<|~>|[=<>~^]|)\\s*(${PATTERN})`, 'y');
const SEPARATOR = /\s*,\s*|\s+/y;

const LONGEST_RANGE = 512;
const MOST_ALTERNATIVES = 32;

/**
 * Reads a range such as `>=1.2 <2`, `~1.2`, `^1`, `1.x`, `1.2 - 1.4` or `1.x || 3.x`; a comma or a space means and.
 * Pre-releases are wanted only where the same alternative names one. Throws GIT_REF_INVALID.
 */
export function parseSemverRange(text: string): SemverRange {
  if (text.length > LONGEST_RANGE) throw invalid(`constraint string is too long (max ${LONGEST_RANGE} bytes)`);
  const alternatives = text.replace(HYPHEN_RANGE, '>= $1, <= $6 ').split('||');
  if (alternatives.length > MOST_ALTERNATIVES) throw invalid(`too many constraint groups (max ${MOST_ALTERNATIVES})`);
  const groups = alternatives.map(parseAlternative);
  return { includes: (version) => groups.some((group) => satisfies(version, group)) };
}

/** Read token by token: one expression for the whole would take exponential time for some texts. */
function parseAlternative(text: string): readonly Comparison[] {
  const comparisons: Comparison[] = [];
  const content = text.trim();
  for (let at = 0; at < content.length || comparisons.length === 0; ) {
    if (comparisons.length > 0) at = skip(SEPARATOR, content, at) ?? refuse(text);
    COMPARISON.lastIndex = at;
    const match = COMPARISON.exec(content) ?? refuse(text);
    comparisons.push(toComparison(match));
    at = COMPARISON.lastIndex;
  }
  return comparisons;
}

function skip(what: RegExp, text: string, at: number): number | undefined {
  what.lastIndex = at;
  return what.test(text) ? what.lastIndex : undefined;
}

function toComparison([
  ,
  operator = '',
  whole = '',
  major = '',
  minor = '',
  patch = '',
  prerelease = '',
]: RegExpExecArray) {
  const free = findFree(major, minor.slice(1), patch.slice(1));
  const fixed = { major: '0.0.0', minor: `${major}.0.0`, patch: `${major}${minor}.0` };
  const version = parseVersion(free === undefined ? whole : `${fixed[free]}${prerelease}`);
  if (!version) throw invalid('constraint parser error');
  return { operator: OPERATORS[operator] ?? '=', version, free } satisfies Comparison;
}

function findFree(major: string, minor: string, patch: string): Comparison['free'] {
  if (isWild(major)) return 'major';
  if (isWild(minor)) return 'minor';
  return isWild(patch) ? 'patch' : undefined;
}

function isWild(part: string): boolean {
  return part === '' || part === 'x' || part === 'X' || part === '*';
}

function satisfies(version: Version, group: readonly Comparison[]): boolean {
  const namesPrerelease = group.some((comparison) => comparison.version.prerelease !== '');
  if (version.prerelease !== '' && !namesPrerelease) return false;
  return group.every((comparison) => CHECKS[comparison.operator](version, comparison));
}

type Check = (version: Version, comparison: Comparison) => boolean;

const CHECKS: Readonly<Record<Operator, Check>> = {
  '=': (version, comparison) =>
    comparison.free === undefined ? compareVersions(version, comparison.version) === 0 : isNear(version, comparison),
  '!=': isOther,
  '>': isAbove,
  '<': (version, comparison) => compareVersions(version, comparison.version) < 0,
  '>=': (version, comparison) => compareVersions(version, comparison.version) >= 0,
  '<=': isAtMost,
  '~': isNear,
  '^': isCompatible,
};

function isOther(version: Version, { version: than, free }: Comparison): boolean {
  if (free === undefined || free === 'major') return compareVersions(version, than) !== 0;
  if (than.major !== version.major) return true;
  if (free === 'minor') return false;
  if (than.minor !== version.minor) return true;
  return comparePrereleases(version.prerelease, than.prerelease) !== 0;
}

function isAbove(version: Version, { version: than, free }: Comparison): boolean {
  if (free === undefined || free === 'major') return compareVersions(version, than) > 0;
  if (version.major !== than.major) return version.major > than.major;
  return free === 'patch' && version.minor > than.minor;
}

function isAtMost(version: Version, { version: than, free }: Comparison): boolean {
  if (free === undefined) return compareVersions(version, than) <= 0;
  if (version.major !== than.major) return version.major < than.major;
  return free === 'minor' || version.minor <= than.minor;
}

/** `~1.2.3`: the same minor version, or a higher patch; `~1`: the same major version. */
function isNear(version: Version, { version: than, free }: Comparison): boolean {
  if (compareVersions(version, than) < 0) return false;
  const isZero = than.major === 0n && than.minor === 0n && than.patch === 0n;
  if (isZero && free !== 'minor' && free !== 'patch') return true;
  return version.major === than.major && (version.minor === than.minor || free === 'minor');
}

/** `^1.2.3`: the same leftmost part that is not 0. */
function isCompatible(version: Version, { version: than, free }: Comparison): boolean {
  if (compareVersions(version, than) < 0) return false;
  if (version.major !== than.major) return false;
  if (than.major > 0n || free === 'minor') return true;
  if (version.minor !== than.minor) return false;
  return than.minor > 0n || free === 'patch' || version.patch === than.patch;
}

function refuse(text: string): never {
  throw invalid(`improper constraint: ${JSON.stringify(text)}`);
}

function invalid(problem: string): HawserError {
  return new HawserError('GIT_REF_INVALID', `semver parse error: ${problem}; correct spec.ref.semver`);
}
