/** A version as tags spell it. Numbers are exact whatever their size; build metadata never counts in comparisons. */
export interface Version {
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  /** Empty for a release. */
  readonly prerelease: string;
}

const IDENTIFIERS = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*';
const VERSION = new RegExp(`^v?(\\d+)(?:\\.(\\d+))?(?:\\.(\\d+))?(?:-(${IDENTIFIERS}))?(?:\\+${IDENTIFIERS})?$`);
const LONGEST_VERSION = 256;
const LARGEST_NUMBER = 2n ** 64n - 1n;

/** Reads `1`, `v1.2` and `1.2.3-rc.1+build`, leading zeros allowed; undefined for anything else. */
export function parseVersion(text: string): Version | undefined {
  const match = text.length > LONGEST_VERSION ? null : VERSION.exec(text);
  if (!match) return undefined;
  const [major, minor, patch] = [match[1], match[2], match[3]].map((digits) => BigInt(digits ?? '0'));
  const prerelease = match[4] ?? '';
  if (major === undefined || minor === undefined || patch === undefined) return undefined;
  const isTooLarge = [major, minor, patch].some((number) => number > LARGEST_NUMBER);
  if (isTooLarge || prerelease.split('.').some((part) => /^0\d+$/.test(part))) return undefined;
  return { major, minor, patch, prerelease };
}

/** Reads the version that a tag's name stands for: three parts, as Flux asks, with or without `v`. */
export function parseTagVersion(tag: string): Version | undefined {
  return tag.split('.').length < 3 ? undefined : parseVersion(tag);
}

/** Negative if `a` is lower than `b`, 0 if they are equal but for build metadata (https://semver.org, 11). */
export function compareVersions(a: Version, b: Version): number {
  return (
    compare(a.major, b.major) ||
    compare(a.minor, b.minor) ||
    compare(a.patch, b.patch) ||
    compareReleases(a.prerelease, b.prerelease)
  );
}

/** A release is higher than each of its pre-releases. */
function compareReleases(a: string, b: string): number {
  if (a === '' || b === '') return compare(b.length > 0, a.length > 0);
  return comparePrereleases(a, b);
}

/** Compares the part after the hyphen, identifier by identifier; the one that ends first is lower. */
export function comparePrereleases(a: string, b: string): number {
  const [left, right] = [a.split('.'), b.split('.')];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const order = compareIdentifiers(left[index] ?? '', right[index] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

function compareIdentifiers(a: string, b: string): number {
  if (a === '' || b === '') return compare(a.length > 0, b.length > 0);
  const [left, right] = [toNumber(a), toNumber(b)];
  if (left !== undefined && right !== undefined) return compare(left, right);
  if (left === undefined && right === undefined) return compare(a, b);
  return left === undefined ? 1 : -1;
}

function toNumber(identifier: string): bigint | undefined {
  if (!/^\d+$/.test(identifier)) return undefined;
  const number = BigInt(identifier);
  return number > LARGEST_NUMBER ? undefined : number;
}

function compare<T extends bigint | string | boolean>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
