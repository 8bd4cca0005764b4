import { KubeError } from './to-kube-error.ts';

/**
 * Reads an answer of the API server; throws KUBE_UNREACHABLE if something else answered in its place (a proxy's page).
 * Nothing of it is quoted, and the parser's error, which quotes, is dropped: it may hold a secret.
 */
export function parseKubeJson<T>(text: string): T {
  const parsed = tryParse(text);
  if (parsed !== undefined) return parsed.value as T;
  const message = 'the API server answered something that is not JSON; check its address and what sits in between';
  throw new KubeError('KUBE_UNREACHABLE', message, { status: 0, kubeReason: '' });
}

function tryParse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** Writes JSON for the API server; a BigInt (an integer that a double cannot hold) becomes its digits. */
export function stringifyKubeJson(value: unknown): string {
  return JSON.stringify(value, writeBigInt);
}

// TypeScript's library does not know rawJSON yet: https://github.com/tc39/proposal-json-parse-with-source
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

function writeBigInt(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJSON(String(value)) : value;
}
