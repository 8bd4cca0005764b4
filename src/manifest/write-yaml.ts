import { compareKeys } from './compare-keys.ts';
import { isPlainObject, type PlainObject } from './plain-object.ts';
import { chooseScalarStyle, type InlineStyle } from './scalar-style.ts';

/**
 * Writes JSON data as the very YAML text that Go's YAML 1.1 library writes: the text that Flux replaces variables in.
 * Quotes, the order of keys and where long lines are folded decide what a variable's value turns into.
 */
export function writeYaml(value: unknown): string {
  const writer = new YamlWriter();
  writer.writeNode(value, -INDENT, false);
  return writer.finish();
}

const INDENT = 2;
/** A line is folded at the first space beyond this column. */
const WIDTH = 80;
/** In bytes; a longer key is written as `? key`. */
const LONGEST_SIMPLE_KEY = 128;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\0', '0'],
  ['\x07', 'a'],
  ['\b', 'b'],
  ['\t', 't'],
  ['\n', 'n'],
  ['\v', 'v'],
  ['\f', 'f'],
  ['\r', 'r'],
  ['\x1b', 'e'],
  ['"', '"'],
  ['\\', '\\'],
  ['\x85', 'N'],
  ['\u2028', 'L'],
  ['\u2029', 'P'],
]);

/** What double quotes cannot hold as it is. */
const ESCAPED = /[^\x20\x21\x23-\x5b\x5d-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/gu;

const QUOTES = { plain: '', single: "'", double: '"' } as const;

interface ScalarPlace {
  readonly indent: number;
  /** False for a key, which stays on one line. */
  readonly mayFold: boolean;
}

class YamlWriter {
  #text = '';
  #column = 0;
  /** Nothing but spaces, `-`, `?` and `:` stands on the line so far, so a collection may begin on it. */
  #isFresh = true;
  #endsInSpace = true;

  finish(): string {
    this.#startLine(0);
    return this.#text;
  }

  writeNode(value: unknown, parentIndent: number, isMappingValue: boolean): void {
    if (Array.isArray(value)) this.#writeSequence(value, parentIndent, isMappingValue);
    else if (isPlainObject(value)) this.#writeMapping(value, parentIndent + INDENT);
    else if (typeof value === 'string') this.#writeString(value, { indent: parentIndent + INDENT, mayFold: true });
    else this.#writeWord(String(value));
  }

  #writeMapping(mapping: PlainObject, indent: number): void {
    const keys = Object.keys(mapping).filter((key) => mapping[key] !== undefined);
    if (keys.length === 0) this.#writeWord('{}');
    for (const key of keys.sort(compareKeys)) {
      this.#startLine(indent);
      this.#writeKey(key, indent);
      this.writeNode(mapping[key], indent, true);
    }
  }

  #writeKey(key: string, indent: number): void {
    if (!key.includes('\n') && Buffer.byteLength(key) <= LONGEST_SIMPLE_KEY) {
      this.#writeString(key, { indent, mayFold: false });
      this.#put(':');
    } else {
      this.#writeIndicator('?');
      this.#writeString(key, { indent: indent + INDENT, mayFold: true });
      this.#startLine(indent);
      this.#writeIndicator(':');
    }
  }

  /** Items of a list that is a key's value stand right below the key, without further indentation. */
  #writeSequence(items: readonly unknown[], parentIndent: number, isMappingValue: boolean): void {
    if (items.length === 0) this.#writeWord('[]');
    const indent = isMappingValue && !this.#isFresh ? parentIndent : parentIndent + INDENT;
    for (const item of items) {
      this.#startLine(indent);
      this.#writeIndicator('-');
      this.writeNode(item ?? null, indent, false);
    }
  }

  #writeString(text: string, place: ScalarPlace): void {
    const style = chooseScalarStyle(text);
    if (style === 'literal') this.#writeLiteral(text, place.indent);
    else this.#writeInline(text, style, place);
  }

  #writeInline(text: string, style: InlineStyle, place: ScalarPlace): void {
    this.#space();
    this.#put(QUOTES[style]);
    const words = text.split(' ');
    for (const [index, word] of words.entries()) {
      if (index > 0) this.#writeGap(isFoldable(words, index, style), word, place);
      this.#put(encode(word, style));
    }
    this.#put(QUOTES[style]);
  }

  /** The space before a word, or a line break instead. */
  #writeGap(isFoldable: boolean, word: string, { indent, mayFold }: ScalarPlace): void {
    if (!mayFold || !isFoldable || this.#column <= WIDTH) {
      this.#put(' ');
      return;
    }
    this.#startLine(indent);
    if (word === '') this.#put('\\');
  }

  #writeLiteral(text: string, indent: number): void {
    this.#space();
    const hint = /^[ \n]/.test(text) ? String(INDENT) : '';
    const chomping = text.endsWith('\n') ? (/^\n$|\n\n$/.test(text) ? '+' : '') : '-';
    const lines = text.split('\n').map((line) => (line === '' ? '' : ' '.repeat(indent) + line));
    this.#put(`|${hint}${chomping}\n${lines.join('\n')}`);
    this.#column = lines.at(-1)?.length ?? 0;
    this.#isFresh = this.#column === 0;
    this.#endsInSpace = true;
  }

  /** A scalar without quotes, or an empty collection. */
  #writeWord(word: string): void {
    this.#space();
    this.#put(word);
  }

  #writeIndicator(indicator: string): void {
    const wasFresh = this.#isFresh;
    this.#space();
    this.#put(indicator);
    this.#isFresh = wasFresh;
  }

  #startLine(indent: number): void {
    if (!this.#isFresh || this.#column > indent) {
      this.#text += '\n';
      this.#column = 0;
    }
    this.#put(' '.repeat(Math.max(0, indent - this.#column)));
    this.#isFresh = true;
    this.#endsInSpace = true;
  }

  #space(): void {
    if (!this.#endsInSpace) this.#put(' ');
  }

  #put(text: string): void {
    if (text === '') return;
    this.#text += text;
    this.#column += text.length;
    this.#isFresh = false;
    this.#endsInSpace = false;
  }
}

/** Lines fold between words; only double quotes can fold before a run of spaces. */
function isFoldable(words: readonly string[], index: number, style: InlineStyle): boolean {
  if (words[index - 1] === '') return false;
  return words[index] !== '' || (style === 'double' && index < words.length - 1);
}

function encode(word: string, style: InlineStyle): string {
  if (style === 'plain') return word;
  return style === 'single' ? word.replaceAll("'", "''") : word.replace(ESCAPED, escapeChar);
}

function escapeChar(char: string): string {
  const short = ESCAPES.get(char);
  if (short !== undefined) return `\\${short}`;
  const code = char.codePointAt(0) ?? 0;
  const [letter, digits] = code <= 0xff ? ['x', 2] : code <= 0xffff ? ['u', 4] : ['U', 8];
  return `\\${letter}${code.toString(16).toUpperCase().padStart(Number(digits), '0')}`;
}
