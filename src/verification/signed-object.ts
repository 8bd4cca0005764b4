import { HawserError } from '../errors/hawser-error.ts';

/** A commit or tag object, taken apart into what was signed and the signature. */
export interface SignedObject {
  /** The object's bytes without its signature: what the signature speaks about. */
  readonly payload: Buffer;
  /** Armored, PGP's or SSH's; undefined if the object is not signed. */
  readonly signature: string | undefined;
}

/** What an annotated tag says of itself. */
export interface TagFacts extends SignedObject {
  readonly name: string;
  /** Id and type of what it names. */
  readonly object: string;
  readonly type: string;
}

const LINE_FEED = 0x0a;
const SPACE = 0x20;
/** Left out of what is signed: the signature itself, and the one that SHA-256 repositories would keep beside it. */
const SIGNATURE_HEADERS = ['gpgsig', 'gpgsig-sha256'];
const ARMOR = /^-----BEGIN (?:PGP SIGNATURE|PGP MESSAGE|SSH SIGNATURE)-----\r?$/gm;

/** Takes a commit object apart; throws SIGNATURE_INVALID for one with several signatures. */
export function parseSignedCommit(sha: string, data: Buffer): SignedObject {
  const kept: Buffer[] = [];
  const signatures: string[] = [];
  let at = 0;
  while (at < data.length && data[at] !== LINE_FEED) {
    const end = endOfHeader(data, at);
    const header = data.subarray(at, end);
    const name = header.toString('latin1', 0, Math.max(0, header.indexOf(SPACE)));
    if (!SIGNATURE_HEADERS.includes(name)) kept.push(header);
    if (name === 'gpgsig') signatures.push(header.toString('latin1', name.length + 1).replaceAll('\n ', '\n'));
    at = end;
  }
  if (signatures.length > 1) {
    throw new HawserError('SIGNATURE_INVALID', `commit '${sha}' carries more than one signature`);
  }
  return { payload: Buffer.concat([...kept, data.subarray(at)]), signature: signatures[0] };
}

/** Takes a tag object apart: its signature stands at the end of its message; throws SIGNATURE_INVALID if it is no tag. */
export function parseSignedTag(id: string, data: Buffer): TagFacts {
  const text = data.toString('latin1');
  const start = [...text.matchAll(ARMOR)].at(-1)?.index;
  const [object, type, name] = ['object', 'type', 'tag'].map((key, line) => {
    const [found, value] = (text.split('\n', 3)[line] ?? '').split(' ', 2);
    return found === key ? value : undefined;
  });
  if (!object || !type || !name) throw new HawserError('SIGNATURE_INVALID', `tag object '${id}' is malformed`);
  return {
    name: Buffer.from(name, 'latin1').toString('utf8'),
    object,
    type,
    payload: start === undefined ? data : data.subarray(0, start),
    signature: start === undefined ? undefined : text.slice(start),
  };
}

/** A header goes on over the lines that begin with a space. */
function endOfHeader(data: Buffer, start: number): number {
  let at = start;
  do {
    const end = data.indexOf(LINE_FEED, at);
    if (end < 0) return data.length;
    at = end + 1;
  } while (data[at] === SPACE);
  return at;
}
