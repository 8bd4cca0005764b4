import { DecryptionProblem } from './decryption-problem.ts';

const DEEPEST = 100;
const PUNCTUATION = /^[{}[\]:,]$/;
const TOKEN =
  /[ \t\r\n]*(?:([{}[\]:,])|("(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null))/uy;

/**
 * Reads JSON with objects as Maps, in the order of the text (JavaScript's objects move keys such as "10" to the front),
 * and integers beyond 2^53 as BigInt. Throws a DecryptionProblem that quotes nothing.
 */
export function parseOrderedJson(text: string): unknown {
  const tokens = readTokens(text);
  let next = 0;

  function take(): string {
    const token = tokens[next];
    if (token === undefined) throw notJson();
    next += 1;
    return token;
  }

  function expect(wanted: string): void {
    if (take() !== wanted) throw notJson();
  }

  function takeIf(wanted: string): boolean {
    if (tokens[next] !== wanted) return false;
    next += 1;
    return true;
  }

  function readValue(depth: number): unknown {
    if (depth > DEEPEST) throw new DecryptionProblem(`it is nested more than ${DEEPEST} levels deep`);
    const token = take();
    if (token === '{') return readObject(depth);
    if (token === '[') return readList(depth);
    return toScalar(token);
  }

  function readObject(depth: number): Map<string, unknown> {
    const object = new Map<string, unknown>();
    if (takeIf('}')) return object;
    do {
      const key = toScalar(take());
      if (typeof key !== 'string') throw notJson();
      expect(':');
      object.set(key, readValue(depth + 1));
    } while (takeIf(','));
    expect('}');
    return object;
  }

  function readList(depth: number): unknown[] {
    const list: unknown[] = [];
    if (takeIf(']')) return list;
    do list.push(readValue(depth + 1));
    while (takeIf(','));
    expect(']');
    return list;
  }

  const value = readValue(0);
  if (next !== tokens.length) throw notJson();
  return value;
}

function readTokens(text: string): string[] {
  const tokens: string[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const match = TOKEN.exec(text);
    if (!match) throw notJson();
    tokens.push(match[1] ?? match[2] ?? match[3] ?? '');
  }
  return tokens;
}

function toScalar(token: string): unknown {
  if (PUNCTUATION.test(token)) throw notJson();
  if (/^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token))) return BigInt(token);
  return JSON.parse(token) as unknown;
}

function notJson(): DecryptionProblem {
  return new DecryptionProblem('it is not valid JSON');
}
