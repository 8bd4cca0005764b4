import type { KeyObject } from 'node:crypto';
import type { DecryptedFile, FileDecryption } from './decrypted-file.ts';
import { readWrappedKeys, unflattenMetadata } from './read-metadata.ts';
import { decryptValue, ENCRYPTED_PREFIX, type SopsPath, tryDecryptValue } from './sops-value.ts';

const METADATA_SECTION = 'sops';
/** The name that SOPS gives to what stands before the first section. */
const FIRST_SECTION = 'DEFAULT';

interface Line {
  readonly text: string;
  readonly section: string;
  /** Comments above a section's header belong to that section. */
  readonly next: string;
}

/** Decrypts an ini file of SOPS in place: what is not encrypted stays as it is written. */
export async function decryptIni(text: string, { unwrap, observe }: FileDecryption): Promise<DecryptedFile> {
  const lines = splitLines(text);
  const metadata = readSection(lines.filter(({ section }) => section === METADATA_SECTION));
  const dataKey = await unwrap(readWrappedKeys(unflattenMetadata(metadata)));
  const written: string[] = [];
  for (const line of lines) {
    if (line.section === METADATA_SECTION) continue;
    const at = line.text.indexOf(ENCRYPTED_PREFIX);
    const before = line.text.slice(0, at);
    const encrypted = line.text.slice(at).trimEnd();
    if (at < 0) written.push(line.text);
    else if (/^\s*[;#]/.test(before)) written.push(decryptComment(line, encrypted, dataKey));
    else if (/=\s*$/.test(before)) {
      const value = decryptValue(encrypted, dataKey, pathOf(line.section, before));
      observe(value);
      written.push(before + quoteIni(value.text));
    } else written.push(line.text);
  }
  const whole = `${written.join('\n').trimEnd()}\n`;
  return { text: whole, documents: [] };
}

function splitLines(text: string): Line[] {
  const texts = text.replaceAll('\r\n', '\n').split('\n');
  const headers = texts.map((line) => /^\s*\[(.*)\]\s*$/.exec(line)?.[1]);
  const lines: Line[] = [];
  let section = FIRST_SECTION;
  const nextOf = nextHeaders(headers);
  for (const [index, line] of texts.entries()) {
    section = headers[index] ?? section;
    lines.push({ text: line, section, next: nextOf[index] ?? section });
  }
  return lines;
}

function nextHeaders(headers: readonly (string | undefined)[]): (string | undefined)[] {
  let next: string | undefined;
  return headers
    .map((_, index) => {
      next = headers[headers.length - 1 - index] ?? next;
      return next;
    })
    .reverse();
}

function readSection(lines: readonly Line[]): Map<string, string> {
  const fields = new Map<string, string>();
  for (const { text } of lines) {
    const equals = text.indexOf('=');
    if (equals > 0) fields.set(text.slice(0, equals).trim(), text.slice(equals + 1).trim());
  }
  return fields;
}

function pathOf(section: string, before: string): SopsPath {
  const key = before.slice(0, before.lastIndexOf('=')).trim();
  return [section, /^(`|""")(.*)\1$/.exec(key)?.[2] ?? key];
}

function decryptComment({ text, section, next }: Line, encrypted: string, dataKey: KeyObject): string {
  const value = tryDecryptValue(encrypted, dataKey, [section]) ?? tryDecryptValue(encrypted, dataKey, [next]);
  if (value === undefined) return text;
  return value.text.split('\n').map(toComment).join('\n');
}

function toComment(line: string): string {
  return /^[;#]/.test(line) ? `${line[0]} ${line.slice(1).trim()}` : `; ${line.trim()}`;
}

/** Quotes as SOPS's ini library does. */
function quoteIni(text: string): string {
  if (/[\n`]/.test(text)) return `"""${text}"""`;
  if (/[#;]/.test(text)) return `\`${text}\``;
  return text.trim() === text ? text : `"${text}"`;
}
