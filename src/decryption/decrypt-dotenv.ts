import type { DecryptedFile, FileDecryption } from './decrypted-file.ts';
import { DecryptionProblem } from './decryption-problem.ts';
import { readWrappedKeys, unflattenMetadata } from './read-metadata.ts';
import { decryptValue, isEncryptedText, tryDecryptValue } from './sops-value.ts';

const METADATA_PREFIX = 'sops_';

/** Decrypts a dotenv file of SOPS; line breaks inside values are written `\n`, empty lines are dropped, as SOPS does. */
export async function decryptDotenv(text: string, { unwrap, observe }: FileDecryption): Promise<DecryptedFile> {
  const { metadata, lines } = splitLines(text);
  const dataKey = await unwrap(readWrappedKeys(unflattenMetadata(metadata)));
  const written: string[] = [];
  const document = new Map<string, unknown>();
  for (const line of lines) {
    if ('comment' in line) {
      written.push(`#${tryDecryptValue(line.comment, dataKey, [])?.text ?? line.comment}`);
      continue;
    }
    const { key } = line;
    let { value } = line;
    if (isEncryptedText(value)) {
      const decrypted = decryptValue(value, dataKey, [key]);
      observe(decrypted);
      value = decrypted.text;
    }
    document.set(key, value);
    written.push(`${key}=${value.replaceAll('\n', '\\n')}`);
  }
  return { text: written.map((line) => `${line}\n`).join(''), documents: [document] };
}

type Line = { readonly comment: string } | { readonly key: string; readonly value: string };

function splitLines(text: string): { metadata: Map<string, string>; lines: Line[] } {
  const metadata = new Map<string, string>();
  const lines: Line[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const equals = line.indexOf('=');
    if (line.startsWith('#')) lines.push({ comment: line.slice(1) });
    else if (equals < 0) throw new DecryptionProblem(`line ${index + 1} is no dotenv line (KEY=value)`);
    else if (line.startsWith(METADATA_PREFIX)) {
      metadata.set(line.slice(METADATA_PREFIX.length, equals), line.slice(equals + 1));
    } else lines.push({ key: line.slice(0, equals), value: line.slice(equals + 1).replaceAll('\\n', '\n') });
  }
  return { metadata, lines };
}
