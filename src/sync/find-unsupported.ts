import { HawserError } from '../errors/hawser-error.ts';
import type { Kustomization } from '../model/kustomization.ts';

/**
 * Throws FIELD_UNSUPPORTED naming every field of the Kustomization that the schema accepts and this version cannot carry
 * out: they are refused, never ignored.
 */
export function refuseUnsupportedKustomization({ spec }: Kustomization): void {
  // It is an identity for the key services of clouds, which are not there yet.
  refuse(
    isSet(spec.decryption?.serviceAccountName) ? ['spec.decryption.serviceAccountName'] : [],
    'docs/kustomization.md',
  );
}

function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  return !(Array.isArray(value) && value.length === 0);
}

function refuse(found: readonly string[], document: string): void {
  if (found.length === 0) return;
  const [verb, them] = found.length === 1 ? ['is', 'it'] : ['are', 'them'];
  throw new HawserError(
    'FIELD_UNSUPPORTED',
    `${found.join(', ')} ${verb} not supported by this version of Hawser, and nothing was applied: remove ${them}, or see ${document}`,
  );
}
