/** Escapes that JavaScript lacks; those that both have are left as they are. */
const ESCAPES: Readonly<Record<string, string>> = { A: '(?<![^])', z: '(?![^])', a: '\\x07', C: '[^]' };
const KEPT_ESCAPE = /[dDwWsSbBfnrtv^$\\.*+?()[\]{}|/]/;
const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** A class in brackets, an escape, the opening of a group, or any other character. */
const PIECE =
  /(?<list>\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\])|(?<escape>\\x\{[0-9A-Fa-f]+\}|\\x[0-9A-Fa-f]{2}|\\[pP](?:\{\^?\w+\}|\w)|\\.)|(?<group>\(\?[^:)>]*[:)>])|./gsu;
/** Within brackets: a POSIX class, an escape, or any other character. */
const MEMBER =
  /(?<posix>\[:\^?\w+:\])|(?<escape>\\x\{[0-9A-Fa-f]+\}|\\x[0-9A-Fa-f]{2}|\\[pP](?:\{\^?\w+\}|\w)|\\.)|./gsu;

/**
 * The JavaScript form of a regular expression in RE2's syntax, which is CEL's. Throws a SyntaxError that names what RE2
 * refuses too (look-around, back references) or what has no JavaScript form (`\Q`, flags in the middle).
 */
export function toRegExp(pattern: string): RegExp {
  const [leading = '', flags = ''] = /^\(\?([ims]+)\)/.exec(pattern) ?? [];
  let source = '';
  for (const { 0: piece, groups = {} } of pattern.slice(leading.length).matchAll(PIECE)) {
    if (groups.list !== undefined) source += translateList(piece);
    else if (groups.escape !== undefined) source += translateEscape(piece, ESCAPES);
    else if (groups.group !== undefined) source += translateGroup(piece);
    else source += piece;
  }
  return new RegExp(source, `u${flags}`);
}

function translateList(list: string): string {
  const [, opening = '', members = ''] = /^(\[\^?)(.*)\]$/s.exec(list) ?? [];
  let source = opening;
  for (const { 0: piece, groups = {} } of members.matchAll(MEMBER)) {
    if (groups.posix !== undefined) source += translatePosixClass(piece);
    else if (groups.escape !== undefined) source += translateEscape(piece, { a: '\\x07', '-': '\\-' });
    else source += piece === '[' || piece === ']' ? `\\${piece}` : piece;
  }
  return `${source}]`;
}

function translateEscape(piece: string, own: Readonly<Record<string, string>>): string {
  const letter = piece.charAt(1);
  if (letter === 'x') return `\\u{${piece.replace(/[^0-9A-Fa-f]/g, '')}}`;
  if (letter === 'p' || letter === 'P') return translateProperty(piece);
  const translated = own[letter];
  if (translated !== undefined) return translated;
  if (KEPT_ESCAPE.test(letter)) return piece;
  if (/[0-9A-Za-z]/.test(letter)) throw new SyntaxError(`invalid escape sequence: ${piece}`);
  return piece.slice(1);
}

function translateProperty(piece: string): string {
  const name = piece.slice(2).replace(/[{}^]/g, '');
  const isNegated = piece.startsWith('\\P') !== piece.includes('^');
  return `\\${isNegated ? 'P' : 'p'}{${name.length > 2 ? `Script=${name}` : name}}`;
}

function translatePosixClass(piece: string): string {
  const members = POSIX_CLASSES[piece.replace(/\W/g, '')];
  if (members === undefined || piece.includes('^')) throw new SyntaxError(`invalid character class: ${piece}`);
  return members;
}

function translateGroup(piece: string): string {
  const named = /^\(\?P?<(\w+)>$/.exec(piece);
  if (named) return `(?<${named[1]}>`;
  if (/^\(\?[ims]*(-[ims]+)?:$/.test(piece)) return piece;
  throw new SyntaxError(`invalid or unsupported syntax: ${piece}`);
}
