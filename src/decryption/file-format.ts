/** The formats that SOPS writes; binary is any file, as JSON with the one field `data`. */
export type FileFormat = 'yaml' | 'json' | 'dotenv' | 'ini' | 'binary';

/** The format that Flux reads from a name: of a file, of the key of a generator's `key=file`, of an entry of a Secret. */
export function formatOf(name: string): FileFormat {
  if (name.endsWith('.dockerconfigjson') || name.endsWith('.json')) return 'json';
  if (name.endsWith('.yaml') || name.endsWith('.yml')) return 'yaml';
  if (name.endsWith('.env')) return 'dotenv';
  return name.endsWith('.ini') ? 'ini' : 'binary';
}

/** What only an encrypted file of the format holds, in the order in which unknown content is tried. */
const MARKERS: readonly (readonly [FileFormat, string])[] = [
  ['binary', '"mac": "ENC['],
  ['json', '"mac": "ENC['],
  ['yaml', 'mac: ENC['],
  ['dotenv', 'sops_mac=ENC['],
  ['ini', '[sops]'],
];

/** True for content that SOPS encrypted as this format. */
export function isEncryptedAs(format: FileFormat, content: Buffer): boolean {
  return MARKERS.some(([marked, marker]) => marked === format && content.includes(marker));
}

/** The format as which SOPS encrypted this content; undefined if it did not. */
export function detectFormat(content: Buffer): FileFormat | undefined {
  return MARKERS.find(([, marker]) => content.includes(marker))?.[0];
}
