import { isWorthHiding, rememberSecret } from '../errors/redact.ts';
import type { SopsValue } from './sops-value.ts';

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
