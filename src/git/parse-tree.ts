import { HawserError } from '../errors/hawser-error.ts';
import type { TreeEntry } from '../model/tree.ts';
import type { GitLimits } from './limits.ts';

const MAX_NAME_BYTES = 255;

const KINDS: Readonly<Record<string, Pick<TreeEntry, 'kind' | 'executable'>>> = {
  '40000': { kind: 'directory', executable: false },
  '040000': { kind: 'directory', executable: false },
  '100644': { kind: 'file', executable: false },
  '100664': { kind: 'file', executable: false }, // written by very old gits
  '100755': { kind: 'file', executable: true },
  '120000': { kind: 'symlink', executable: false },
  '160000': { kind: 'submodule', executable: false },
};

/** Names that a file system may read as `.git`: HFS+ drops zero-width characters, NTFS knows short names and streams. */
const GIT_DIRECTORY = /^(?:\.git|git~\d+)(?:[ .]*$|[ .]*:)/i;
const ZERO_WIDTH = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** Parses a tree object, sorted by name; throws GIT_CONTENT_INVALID for modes and names that no honest tree holds. */
export function parseTree(id: string, data: Buffer, limits: Pick<GitLimits, 'entriesPerTree'>): readonly TreeEntry[] {
  const entries = new Map<string, TreeEntry>();
  for (let offset = 0; offset < data.length; ) {
    const space = data.indexOf(0x20, offset);
    const zero = data.indexOf(0, space + 1);
    const end = zero + 21;
    if (space < 0 || zero < 0 || end > data.length) throw refuse(id, 'is cut short');
    const entry = toEntry(id, data.toString('latin1', offset, space), data.subarray(space + 1, zero));
    if (entries.has(entry.name)) throw refuse(id, `names ${JSON.stringify(entry.name)} twice`);
    entries.set(entry.name, { ...entry, id: data.toString('hex', zero + 1, end) });
    if (entries.size > limits.entriesPerTree) {
      throw new HawserError('GIT_LIMIT_EXCEEDED', `tree ${id} has more than ${limits.entriesPerTree} entries`);
    }
    offset = end;
  }
  return [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function toEntry(id: string, mode: string, name: Buffer): Omit<TreeEntry, 'id'> {
  const kind = KINDS[mode];
  const text = name.toString('utf8');
  if (!kind) throw refuse(id, `has an entry of mode ${JSON.stringify(mode)}`);
  const problem = findNameProblem(name, text);
  if (problem !== undefined) throw refuse(id, `names ${JSON.stringify(text)}, which ${problem}`);
  return { name: text, ...kind };
}

function findNameProblem(bytes: Buffer, name: string): string | undefined {
  if (bytes.length === 0) return 'is empty';
  if (bytes.length > MAX_NAME_BYTES) return `is longer than ${MAX_NAME_BYTES} bytes`;
  if (!Buffer.from(name).equals(bytes)) return 'is not UTF-8';
  if (name === '.' || name === '..') return 'is no name of a file';
  if (name.includes('/')) return 'holds a separator';
  return GIT_DIRECTORY.test(name.replace(ZERO_WIDTH, '')) ? "stands for git's own directory" : undefined;
}

function refuse(id: string, cause: string): HawserError {
  return new HawserError('GIT_CONTENT_INVALID', `tree ${id} ${cause}`);
}
