import { gzipSync } from 'node:zlib';

/** One entry of an archive, written as it is, however wrong. */
export interface RawEntry {
  readonly name: string;
  /** Type flag of the header; default `0`, a file. */
  readonly flag?: string;
  readonly body?: string | Buffer;
  /** What the header says, where that is not the body's size. */
  readonly size?: number;
  readonly mode?: number;
  readonly target?: string;
}

const BLOCK = 512;

/** An archive of hand-made headers: what no honest program writes can be had too. */
export function makeTar(entries: readonly RawEntry[]): Buffer {
  return Buffer.concat([...entries.map(toBlocks), Buffer.alloc(2 * BLOCK)]);
}

export function makeTarball(entries: readonly RawEntry[]): Buffer {
  return gzipSync(makeTar(entries), { level: 1 });
}

/** A PAX header, which speaks of the entry after it. */
export function makePax(fields: Readonly<Record<string, string>>): RawEntry {
  const records = Object.entries(fields).map(([key, value]) => toPaxRecord(`${key}=${value}\n`));
  return { name: 'PaxHeader', flag: 'x', body: records.join('') };
}

/** Its length counts its own digits. */
function toPaxRecord(text: string): string {
  const bytes = Buffer.byteLength(text) + 1;
  const guess = bytes + String(bytes).length;
  return `${bytes + String(guess).length} ${text}`;
}

function toBlocks(entry: RawEntry): Buffer {
  const body = Buffer.from(entry.body ?? '');
  return Buffer.concat([toHeader(entry, body.length), body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)]);
}

function toHeader({ name, flag = '0', size, mode = 0o600, target = '' }: RawEntry, length: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 100);
  header.write(`${mode.toString(8).padStart(7, '0')}\0`, 100);
  header.write(`${(size ?? length).toString(8).padStart(11, '0')}\0`, 124);
  header.write('        ', 148);
  header.write(flag, 156);
  header.write(target, 157, 100);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
