import { HawserError } from '../errors/hawser-error.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { Kustomization } from '../model/kustomization.ts';

/** Fields that the schema accepts and this version does not carry out: they are refused, never ignored. */
const GIT_REPOSITORY_FIELDS = ['serviceAccountName'] as const;

const PROVIDERS: readonly string[] = ['generic', 'github'];

/** Throws FIELD_UNSUPPORTED naming every field of the Kustomization that this version cannot carry out. */
export function refuseUnsupportedKustomization({ spec }: Kustomization): void {
  // It is an identity for the key services of clouds, which are not there yet.
  refuse(
    isSet(spec.decryption?.serviceAccountName) ? ['spec.decryption.serviceAccountName'] : [],
    'docs/kustomization.md',
  );
}

/** Throws FIELD_UNSUPPORTED naming every field of the GitRepository that this version cannot carry out. */
export function refuseUnsupportedSource({ spec }: GitRepository): void {
  const found: string[] = GIT_REPOSITORY_FIELDS.filter((field) => isSet(spec[field])).map((field) => `spec.${field}`);
  if (spec.provider && !PROVIDERS.includes(spec.provider)) found.push(`spec.provider: ${spec.provider}`);
  refuse(found, 'docs/gitrepository.md');
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
