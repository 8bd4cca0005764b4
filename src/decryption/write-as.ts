import { entriesOf } from './decrypt-tree.ts';
import type { DecryptedFile } from './decrypted-file.ts';
import { DecryptionProblem } from './decryption-problem.ts';
import { emitJson } from './emit-json.ts';
import { emitYaml } from './emit-yaml.ts';
import type { FileFormat } from './file-format.ts';

/** The decrypted file in the format that its name asks for; throws a DecryptionProblem where the two do not fit. */
export function writeAs(file: DecryptedFile, { from, to }: { from: FileFormat; to: FileFormat }): Buffer {
  return to === 'binary' ? toBinary(file, from) : Buffer.from(writeText(file, { from, to }));
}

function writeText({ text, documents }: DecryptedFile, { from, to }: { from: FileFormat; to: FileFormat }): string {
  const [document] = documents;
  if (from === to) return text;
  if (from !== 'ini' && to === 'json' && documents.length === 1) return emitJson(document);
  if (from !== 'ini' && to === 'yaml') return emitYaml(documents);
  if (from !== 'ini' && to === 'dotenv' && documents.length === 1) return toDotenv(document);
  throw new DecryptionProblem(
    `it is encrypted as ${from}, and its name asks for ${to}: give it a name that ends in .${from}`,
  );
}

function toBinary({ documents: [document], data }: DecryptedFile, from: FileFormat): Buffer {
  if (data) return data;
  const plain = entriesOf(document).find(([key]) => key === 'data')?.[1];
  if (typeof plain === 'string') return Buffer.from(plain);
  throw new DecryptionProblem(
    `it is encrypted as ${from === 'binary' ? 'json' : from}, and its name asks for a file of no known format: give it a name that ends in ${EXTENSIONS[from]}`,
  );
}

const EXTENSIONS: Readonly<Record<FileFormat, string>> = {
  yaml: '.yaml',
  json: '.json',
  binary: '.json',
  dotenv: '.env',
  ini: '.ini',
};

function toDotenv(document: unknown): string {
  const lines: string[] = [];
  for (const [key, value] of entriesOf(document)) {
    if (value !== null && typeof value === 'object') {
      throw new DecryptionProblem(`${key} is a list or mapping, which a dotenv file cannot hold`);
    }
    lines.push(`${key}=${String(value).replaceAll('\n', '\\n')}\n`);
  }
  return lines.join('');
}
