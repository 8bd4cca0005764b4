/** What to take of a JSON value; a scalar where neither is given. */
export interface Wanted {
  readonly fields?: ReadonlyMap<string, Wanted>;
  readonly items?: Wanted;
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const SPACES: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0a, 0x0d]);
const LONGEST_KEY_BYTES = 256;
/** By how much a byte changes the depth. */
const DEPTH_STEPS = new Int8Array(256);
DEPTH_STEPS[OPEN_LIST] = 1;
DEPTH_STEPS[OPEN_OBJECT] = 1;
DEPTH_STEPS[CLOSE_LIST] = -1;
DEPTH_STEPS[CLOSE_OBJECT] = -1;
/** Letters, digits and signs: what numbers and literals are made of. */
const WORD_BYTES: ReadonlySet<number | undefined> = new Set(
  Buffer.from('+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'),
);

/**
 * Reads of a JSON text only what is wanted, of every list at most so many items: what it costs is bounded by the
 * shape that is asked for, whereas `JSON.parse` makes a gigabyte of objects out of 25 MB. What is not wanted is passed
 * over, not checked; a list or object where a scalar is wanted reads as an empty one. Throws SyntaxError.
 */
export function readWantedJson(raw: Buffer, wanted: Wanted, mostItems: number): unknown {
  const reader = new WantedReader(raw, mostItems);
  const value = reader.read(wanted);
  reader.expectEnd();
  return value;
}

class WantedReader {
  readonly #raw: Buffer;
  readonly #mostItems: number;
  #at = 0;

  constructor(raw: Buffer, mostItems: number) {
    this.#raw = raw;
    this.#mostItems = mostItems;
  }

  read({ fields, items }: Wanted): unknown {
    const first = this.#peek();
    if (first === OPEN_OBJECT) return fields ? this.#readObject(fields) : this.#skipAs({});
    if (first === OPEN_LIST) return items ? this.#readList(items) : this.#skipAs([]);
    const start = this.#at;
    this.#skip();
    return JSON.parse(this.#raw.toString('utf8', start, this.#at));
  }

  expectEnd(): void {
    if (this.#peek() !== undefined) throw malformed();
  }

  #readObject(fields: ReadonlyMap<string, Wanted>): object {
    const object: Record<string, unknown> = {};
    this.#at++;
    if (this.#take(CLOSE_OBJECT)) return object;
    do {
      const key = this.#readKey();
      const wanted = key === undefined ? undefined : fields.get(key);
      if (key !== undefined && wanted) object[key] = this.read(wanted);
      else this.#skip();
    } while (this.#take(COMMA));
    if (!this.#take(CLOSE_OBJECT)) throw malformed();
    return object;
  }

  #readList(items: Wanted): unknown[] {
    const list: unknown[] = [];
    this.#at++;
    if (this.#take(CLOSE_LIST)) return list;
    do {
      if (list.length < this.#mostItems) list.push(this.read(items));
      else this.#skip();
    } while (this.#take(COMMA));
    if (!this.#take(CLOSE_LIST)) throw malformed();
    return list;
  }

  /** Undefined for a key that is too long to be wanted. */
  #readKey(): string | undefined {
    if (this.#peek() !== QUOTE) throw malformed();
    const start = this.#at;
    this.#skipString();
    const key = this.#raw.subarray(start, this.#at);
    if (!this.#take(COLON)) throw malformed();
    return key.length > LONGEST_KEY_BYTES ? undefined : (JSON.parse(key.toString('utf8')) as string);
  }

  #skipAs<T>(value: T): T {
    this.#skip();
    return value;
  }

  /** Passes over one value, however deep. */
  #skip(): void {
    const first = this.#peek();
    if (first === QUOTE) this.#skipString();
    else if (first === OPEN_OBJECT || first === OPEN_LIST) this.#skipNested();
    else this.#skipWord();
  }

  #skipNested(): void {
    let depth = 0;
    do {
      const byte = this.#raw[this.#at];
      if (byte === undefined) throw malformed();
      const step = byte === QUOTE ? undefined : (DEPTH_STEPS[byte] ?? 0);
      if (step === undefined) this.#skipString();
      else this.#at++;
      depth += step ?? 0;
    } while (depth > 0);
  }

  #skipString(): void {
    for (let from = this.#at + 1; ; ) {
      const end = this.#raw.indexOf(QUOTE, from);
      if (end < 0) throw malformed();
      from = end + 1;
      if (this.#countBackslashesBefore(end) % 2 === 1) continue;
      this.#at = from;
      return;
    }
  }

  #countBackslashesBefore(end: number): number {
    let start = end;
    while (this.#raw[start - 1] === BACKSLASH) start--;
    return end - start;
  }

  /** A number or literal; whether it is one, `JSON.parse` tells where it is wanted. */
  #skipWord(): void {
    const start = this.#at;
    while (WORD_BYTES.has(this.#raw[this.#at])) this.#at++;
    if (this.#at === start) throw malformed();
  }

  /** The next byte that is no space, without taking it. */
  #peek(): number | undefined {
    while (SPACES.has(this.#raw[this.#at])) this.#at++;
    return this.#raw[this.#at];
  }

  #take(byte: number): boolean {
    if (this.#peek() !== byte) return false;
    this.#at++;
    return true;
  }
}

function malformed(): SyntaxError {
  return new SyntaxError('not JSON');
}
