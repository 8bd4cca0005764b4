import { invalidArtifact } from './invalid-artifact.ts';

/** A digest as a source's status has it, `<algorithm>:<lower-case hex>`. */
export interface ArtifactDigest {
  readonly algorithm: string;
  readonly hex: string;
}

/** Hex digits per algorithm. */
const LENGTHS: ReadonlyMap<string, number> = new Map([
  ['sha256', 64],
  ['sha384', 96],
  ['sha512', 128],
]);

/** Reads a digest; without an algorithm it is SHA-256, as in Flux. Throws ARTIFACT_INVALID. */
export function parseDigest(text: string): ArtifactDigest {
  if (text === '') throw invalidArtifact('its source names no digest, so it cannot be verified');
  const separator = text.indexOf(':');
  const algorithm = separator < 0 ? 'sha256' : text.slice(0, separator);
  const hex = text.slice(separator + 1);
  const length = LENGTHS.get(algorithm);
  if (length === undefined) {
    throw invalidArtifact(
      `its digest is of a kind that is not supported; publish it with ${[...LENGTHS.keys()].join(', ')}`,
    );
  }
  if (hex.length !== length || !/^[0-9a-f]+$/.test(hex)) throw invalidArtifact('its digest is malformed');
  return { algorithm, hex };
}
