/** Text that stands where a secret stood. */
export const REDACTED = '[redacted]';

const SHORTEST_KNOWN_SECRET = 6;
const MOST_KNOWN_SECRETS = 10_000;

/** Literal secrets that this process has read, so that `redact` finds them wherever they turn up. */
const knownSecrets = new Set<string>();

/** Patterns of credentials that may appear in texts written by others (git servers, the API server, libraries). */
const PATTERNS: readonly [RegExp, string][] = [
  // The user of an SSH URL is no secret unless a password follows.
  [/\b(?!ssh:\/\/[\w.+-]+@)([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@"']*@/gi, `$1${REDACTED}@`],
  [/\b(gh[pousr]_|github_pat_|glpat-|gldt-|glptt-)[A-Za-z0-9_-]{10,}/g, REDACTED],
  [/\b(Bearer|Basic|token)\s+[A-Za-z0-9._~+/=-]{8,}/g, `$1 ${REDACTED}`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
  [/([?&](?:access_token|private_token|token|password|secret|key|sig|signature)=)[^&\s"']+/gi, `$1${REDACTED}`],
];

/** Makes `redact` replace this value from now on; short values are left alone, they would redact ordinary words. */
export function rememberSecret(value: string): void {
  if (value.length < SHORTEST_KNOWN_SECRET) return;
  if (knownSecrets.size >= MOST_KNOWN_SECRETS) {
    const [oldest] = knownSecrets;
    if (oldest !== undefined) knownSecrets.delete(oldest);
  }
  knownSecrets.add(value);
}

const SHORTEST_VALUE = 8;
const LONGEST_VALUE = 4_096;
/** Words, names and addresses made of words: hiding `postgres` or `us-east-1` everywhere would make messages unreadable. */
const NAME = /^(?:[a-z]+:\/\/)?[a-z]+\d{0,4}(?:[-.:/][a-z]*\d{0,4})*$/;

/** True for a value of a Secret that is found by chance nowhere else, and is not merely a name or a number. */
export function isWorthHiding(value: string): boolean {
  if (value.length < SHORTEST_VALUE || value.length > LONGEST_VALUE) return false;
  return !NAME.test(value) && !/^[\d.:\s-]+$/.test(value);
}

/** Makes the value of a Secret known, as `rememberSecret` does, if it is worth hiding. */
export function rememberSecretValue(value: string): void {
  if (isWorthHiding(value)) rememberSecret(value);
}

/** Replaces every credential in a text: known literals, URL user-info, tokens, keys, query secrets. */
export function redact(text: string): string {
  let clean = text;
  for (const secret of knownSecrets) {
    if (clean.includes(secret)) clean = clean.replaceAll(secret, REDACTED);
  }
  for (const [pattern, replacement] of PATTERNS) clean = clean.replace(pattern, replacement);
  return clean;
}

/** Redacts every string inside plain data, at any depth. */
export function redactData(value: unknown): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map(redactData);
  if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, redactData(item)]));
  }
  return value;
}
