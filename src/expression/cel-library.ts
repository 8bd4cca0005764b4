import { type ASTNode, Environment, Optional, type ParseResult } from '@marcbachmann/cel-js';
import { ADDED_FUNCTIONS, type CelFunction, CHANGED_FUNCTIONS, compilePattern, NAMESPACES } from './cel-functions.ts';
import { expandHas, expandOptFlatMap, expandOptMap } from './cel-macros.ts';
import { isZeroCelValue } from './cel-values.ts';
import { type ExpressionFacts, type FunctionCall, inspectExpression } from './inspect-expression.ts';

/** Before the names of functions of ours that take the place of the library's, which lets none be replaced. */
const PREFIX = 'hawser_';
/** Methods that the library has and Flux's environment has not. */
const REFUSED_METHODS: ReadonlySet<string> = new Set(['at', 'base64', 'bind', 'hex', 'json', 'string']);
const CHANGED_CALLS: ReadonlySet<string> = new Set(Object.keys(CHANGED_FUNCTIONS).map(toCallName));

const environments = new Map<string, Environment>();

interface ParsedExpression {
  readonly parsed: ParseResult;
  /** Of the expression as it was written, before functions were put in the place of others. */
  readonly facts: ExpressionFacts;
}

/**
 * Parses an expression, puts our functions in the place of the library's, and refuses what Flux has not. Throws whatever
 * the library throws, or a SyntaxError. `undefined` for variables lets any name be one.
 */
export function parseExpression(text: string, variables: readonly string[] | undefined): ParsedExpression {
  const environment = environmentFor(variables);
  const parsed = parseWithHas(environment, text);
  const facts = inspectExpression(parsed.ast);
  for (const call of facts.calls) prepareCall(call);
  return { parsed, facts };
}

/** What the library's errors say, in cel-go's words where they differ; with the place, given the text, when compiling. */
export function describeCelError(error: unknown, text?: string): string {
  if (!(error instanceof Error)) return String(error);
  const { summary, range } = error as { summary?: string; range?: { start: number } };
  const message = (summary ?? error.message)
    .replaceAll(PREFIX, '')
    .replace(
      /^Unknown variable: (.*)$/,
      text === undefined ? 'no such attribute(s): $1' : "undeclared reference to '$1'",
    )
    .replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
  return text === undefined || !range ? message : `${formatPlace(text, range.start)}: ${message}`;
}

function formatPlace(text: string, at: number): string {
  const lines = text.slice(0, at).split('\n');
  return `${lines.length}:${(lines.at(-1)?.length ?? 0) + 1}`;
}

/** Where the library's has() does not take the path, such as one with an index, ours is called instead. */
function parseWithHas(environment: Environment, text: string): ParseResult {
  const parsed = environment.parse(text);
  const { calls } = inspectExpression(parsed.ast);
  for (const { args } of calls) if (args[0].startsWith(PREFIX)) throw undeclared(args[0]);
  const starts = calls.filter(isHasOfAnyPath).map(({ start }) => start);
  if (starts.length === 0) return parsed;
  let rewritten = text;
  for (const start of starts.sort((a, b) => b - a)) {
    rewritten = `${rewritten.slice(0, start)}${PREFIX}${rewritten.slice(start)}`;
  }
  return environment.parse(rewritten);
}

function isHasOfAnyPath(call: FunctionCall): boolean {
  if (call.op !== 'call' || call.args[0] !== 'has') return false;
  let node: ASTNode | undefined = call.args[1][0];
  if (node?.op !== '.') return false;
  while (node.op === '.' || node.op === '.?') node = node.args[0];
  return node.op !== 'id';
}

function prepareCall(call: FunctionCall): void {
  const name = call.args[0];
  if (call.op === 'rcall' && REFUSED_METHODS.has(name)) throw undeclared(name);
  if (name === 'matches') checkPattern(call);
  if (CHANGED_CALLS.has(`${call.op} ${name}`)) call.args[0] = `${PREFIX}${name}`;
}

/** A pattern that is written out is wrong now or never. */
function checkPattern(call: FunctionCall): void {
  const pattern = call.op === 'rcall' ? call.args[2][0] : call.args[1][1];
  if (pattern?.op === 'value' && typeof pattern.args === 'string') compilePattern(pattern.args);
}

function undeclared(name: string): SyntaxError {
  return new SyntaxError(`undeclared reference to '${name.replace(PREFIX, '')}'`);
}

function environmentFor(variables: readonly string[] | undefined): Environment {
  const key = variables?.join(',') ?? '*';
  const known = environments.get(key);
  if (known) return known;
  const environment = new Environment({
    unlistedVariablesAreDyn: variables === undefined,
    homogeneousAggregateLiterals: variables !== undefined,
    enableOptionalTypes: true,
  });
  for (const name of variables ?? []) environment.registerVariable(name, 'map<string, dyn>');
  registerFunctions(environment);
  environments.set(key, environment);
  return environment;
}

function registerFunctions(environment: Environment): void {
  const register = (signature: string, handler: CelFunction) =>
    environment.registerFunction(signature, { handler, async: false });
  for (const [signature, handler] of Object.entries(ADDED_FUNCTIONS)) register(signature, handler);
  for (const [signature, handler] of Object.entries(CHANGED_FUNCTIONS)) {
    register(signature.replace(/(\w+)\(/, `${PREFIX}$1(`), handler);
  }
  for (const [name, functions] of Object.entries(NAMESPACES)) registerNamespace(environment, name, functions);
  register(`${PREFIX}has(ast): bool`, expandHas);
  register('optional.optMap(ast, ast): optional<dyn>', expandOptMap);
  register('optional.optFlatMap(ast, ast): optional<dyn>', expandOptFlatMap);
  register('OptionalNamespace.ofNonZeroValue(dyn): optional<dyn>', (_namespace: unknown, value: unknown) =>
    isZeroCelValue(value) ? Optional.none() : Optional.of(value),
  );
}

/** The library has no dotted names: a namespace is a constant of a type of its own, with methods. */
function registerNamespace(environment: Environment, name: string, functions: Readonly<Record<string, CelFunction>>) {
  class Namespace {}
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Namespace`;
  environment.registerType(type, Namespace).registerConstant(name, type, new Namespace());
  for (const [signature, handler] of Object.entries(functions)) {
    const method = (_namespace: unknown, ...values: never[]) => handler(...values);
    environment.registerFunction(`${type}.${signature}`, { handler: method, async: false });
  }
}

function toCallName(signature: string): string {
  const [, receiver, name] = /^(\w+\.)?(\w+)\(/.exec(signature) ?? [];
  return `${receiver === undefined ? 'call' : 'rcall'} ${name}`;
}
