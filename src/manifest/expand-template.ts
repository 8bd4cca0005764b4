import { isUtf8 } from 'node:buffer';
import { HawserError } from '../errors/hawser-error.ts';
import { parseTemplate, type TemplatePart, type VariableReference } from './parse-template.ts';
import { VARIABLE_FUNCTIONS } from './variable-functions.ts';
import { WorkBudget } from './work-budget.ts';

/** An object larger than this is refused by every API server. */
const MOST_BYTES = 8 * 1024 * 1024;

const DEFAULT_OPERATORS: ReadonlySet<string> = new Set(['=', ':=', ':-', ':?', ':+']);

/** How names become values; `undefined` for a variable that is not set. */
export interface VariableLookup {
  readonly valueOf: (name: string) => string | undefined;
  /** A variable that is not set and has no default is an error, else it is empty. */
  readonly strict: boolean;
}

/** Evaluates every `${…}` of a text. Throws SUBSTITUTION_FAILED in Flux's words; values never get into the message. */
export function expandTemplate(text: string, lookup: VariableLookup): string {
  const budget = new WorkBudget();
  const cache = new Map<string, string | undefined>();

  function read(name: string): string | undefined {
    if (!cache.has(name)) {
      const value = lookup.valueOf(fromBytes(name));
      cache.set(name, value === undefined ? undefined : toBytes(value));
    }
    return cache.get(name);
  }

  function evaluate(part: TemplatePart): string {
    return typeof part === 'string' ? part : evaluateReference(part);
  }

  // Arguments are evaluated also where they are not needed, so that `${a:-${b}}` fails in strict mode without `b`.
  function evaluateReference({ name, operator, args }: VariableReference): string {
    const values = args.map(evaluate);
    const value = read(name);
    const isDefault = DEFAULT_OPERATORS.has(operator);
    if (value === undefined && lookup.strict && !isDefault) throw notSet(fromBytes(name));
    if (isDefault) return value || concat(values);
    return VARIABLE_FUNCTIONS[operator]?.(value ?? '', values, budget) ?? value ?? '';
  }

  return fromBytes(concat(parseTemplate(toBytes(text)).values().map(evaluate)));
}

function concat(parts: Iterable<string>): string {
  let text = '';
  for (const part of parts) {
    text += part;
    if (text.length > MOST_BYTES) throw failed(`the result is larger than ${MOST_BYTES / 1024 / 1024} MiB`);
  }
  return text;
}

/** UTF-8 as a string of one character per byte. */
function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function fromBytes(bytes: string): string {
  const buffer = Buffer.from(bytes, 'latin1');
  if (!isUtf8(buffer)) throw failed('a value is cut within a character of several bytes');
  return buffer.toString('utf8');
}

function notSet(name: string): HawserError {
  return failed(`variable not set (strict mode): ${JSON.stringify(name)}`);
}

function failed(what: string): HawserError {
  return new HawserError('SUBSTITUTION_FAILED', `variable substitution failed: ${what}`);
}
