import { rememberSecret } from '../errors/redact.ts';
import type { SopsValue } from './sops-value.ts';

const SHORTEST = 8;
const LONGEST = 4_096;
/** Of 10,000 that redaction can hold, so that a large repository does not crowd out credentials, nor slow down logs. */
const MOST = 500;

/** Makes redaction know decrypted values; what one keeper remembers is bounded. */
export function createSecretKeeper(): (value: SopsValue) => void {
  const kept = new Set<string>();
  return ({ text }) => {
    if (kept.size >= MOST || kept.has(text) || !isWorthHiding(text)) return;
    kept.add(text);
    rememberSecret(text);
  };
}

/** Words, names and addresses made of words: hiding `postgres` or `us-east-1` everywhere would make messages unreadable. */
const NAME = /^(?:[a-z]+:\/\/)?[a-z]+\d{0,4}(?:[-.:/][a-z]*\d{0,4})*$/;

/** True for text that is long enough to be found by chance nowhere else, and is not merely a name. */
export function isWorthHiding(text: string): boolean {
  return text.length >= SHORTEST && text.length <= LONGEST && !NAME.test(text) && !/^[\d.:\s-]+$/.test(text);
}
