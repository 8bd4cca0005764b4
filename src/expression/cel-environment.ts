/**
 * Expressions that people write into specs, in CEL: compiled once, evaluated within bounds, told of in the words of Flux.
 * What they are about (health, readiness, whom a webhook asks) is the matter of those who evaluate them.
 */
import { HawserError } from '../errors/hawser-error.ts';
import { describeCelError, parseExpression } from './cel-library.ts';
import { countCelValues, fromCelValue, toCelValue } from './cel-values.ts';
import type { ExpressionFacts } from './inspect-expression.ts';
import { OutOfTimeError, runBounded } from './run-bounded.ts';

/*
 * CEL as Flux sets it up: the standard functions and macros, optional types (`.?`, `[?]`, `optional.of|none|
 * ofNonZeroValue`, `or`, `orValue`, `optMap`, `optFlatMap`, `first`, `last`), numbers compared across types, UTC, and the extensions
 * strings (charAt, indexOf, join, lastIndexOf, lowerAscii, quote, replace, reverse, split, substring, trim, upperAscii),
 * sets and base64. Not there: `format`, `[?x]` and `{?k: v}`, a leading dot, protobuf messages. What is not there, or not
 * in Flux, is refused when the expression is compiled. Expressions are bounded in length and in time.
 */

/** A compiled expression. */
export interface CelExpression {
  /** CEL's type of the result: `bool`, `string`, … or `dyn` where only the values will tell. */
  readonly resultType: string;
  /** The result as plain data. Throws CEL_FAILED: a field that is missing, a wrong type, too much work. */
  evaluate(values: Readonly<Record<string, unknown>>): unknown;
}

/** In UTF-16 units; far beyond what people write, it bounds what one compilation costs. */
const MAX_LENGTH = 16 * 1024;
const MAX_CACHED = 500;
/** Parts of the expression times values it may look at: below, no clock is needed. */
const MAX_UNTIMED_WORK = 500_000;
const TIMEOUT_MS = 250;
/** An expression that ran out of time is not tried the next 1, 2, 4, … times. */
const MAX_SKIPPED = 1024;
/** How much of an expression a message repeats. */
const MAX_QUOTED = 500;

const cache = new Map<string, CelExpression>();

/**
 * Compiles an expression over the named variables, all of them objects, or over any (`undefined`): then names are looked
 * up when it is evaluated. Throws CEL_INVALID with the place of the mistake. The same text is compiled once.
 */
export function compileExpression(text: string, variables?: readonly string[]): CelExpression {
  const key = `${variables?.join(',') ?? '*'}\n${text}`;
  const known = cache.get(key);
  if (known) return known;
  const compiled = compile(text, variables);
  const [oldest] = cache.keys();
  if (cache.size >= MAX_CACHED && oldest !== undefined) cache.delete(oldest);
  cache.set(key, compiled);
  return compiled;
}

function compile(text: string, variables: readonly string[] | undefined): CelExpression {
  if (text.length > MAX_LENGTH) throw invalid(text, `more than ${MAX_LENGTH} characters`);
  try {
    const { parsed, facts } = parseExpression(text, variables);
    const { valid, type = 'dyn', error } = parsed.check();
    if (!valid) throw error ?? new SyntaxError('it has no type');
    return { resultType: type, evaluate: createEvaluation(text, facts, parsed) };
  } catch (error) {
    throw invalid(text, describeCelError(error, text), error);
  }
}

type Evaluation = (context: ReadonlyMap<string, unknown>) => unknown;

function createEvaluation(text: string, facts: ExpressionFacts, run: Evaluation): CelExpression['evaluate'] {
  let skips = 0;
  let toSkip = 0;
  return (values) => {
    if (toSkip > 0) {
      toSkip -= 1;
      throw failed(text, `took longer than ${TIMEOUT_MS} ms the last time`);
    }
    try {
      const result = runWithin(facts, run, toContext(facts, values));
      skips = 0;
      return fromCelValue(result);
    } catch (error) {
      if (error instanceof OutOfTimeError) skips = Math.min(skips * 2 || 1, MAX_SKIPPED);
      if (error instanceof OutOfTimeError) toSkip = skips;
      throw failed(text, describeCelError(error), error);
    }
  };
}

function runWithin(facts: ExpressionFacts, run: Evaluation, context: ReadonlyMap<string, unknown>): unknown {
  const isShort = !facts.isUnbounded && facts.size * countCelValues(context) <= MAX_UNTIMED_WORK;
  return isShort ? run(context) : runBounded(() => run(context), TIMEOUT_MS);
}

/** Only what the expression names is converted. */
function toContext({ names }: ExpressionFacts, values: Readonly<Record<string, unknown>>): Map<string, unknown> {
  const context = new Map<string, unknown>();
  for (const name of names) if (Object.hasOwn(values, name)) context.set(name, toCelValue(values[name]));
  return context;
}

function invalid(text: string, problem: string, cause?: unknown): HawserError {
  return new HawserError('CEL_INVALID', `failed to parse the CEL expression '${quote(text)}': ${problem}`, { cause });
}

function failed(text: string, problem: string, cause?: unknown): HawserError {
  return new HawserError('CEL_FAILED', `failed to evaluate the CEL expression '${quote(text)}': ${problem}`, { cause });
}

function quote(text: string): string {
  return text.length <= MAX_QUOTED ? text : `${text.slice(0, MAX_QUOTED)}…`;
}
