import type { ASTNode } from '@marcbachmann/cel-js';
import { Optional } from '@marcbachmann/cel-js';
import { asCelMap } from './cel-values.ts';

/*
 * Macros that cel-go has and the library lacks. A macro gets its arguments as syntax trees; the library calls
 * `typeCheck` once and `evaluate` each time. The shapes below are what its documentation shows of its insides.
 */

interface Scope {
  forkWithVariable(name: string, type: unknown): Scope;
  reuse(parent: Scope): Scope;
  setIterValue(value: unknown, evaluator: Evaluator): Scope;
}
interface Checker {
  check(node: ASTNode, scope: Scope): { readonly kind: string; readonly valueType?: unknown };
  getType(name: string): unknown;
}
interface Evaluator {
  run(node: ASTNode, scope: Scope): unknown;
}
interface MacroCall {
  readonly args: readonly ASTNode[];
  readonly receiver: ASTNode;
}

/** `has()` of any path, such as `has(status.conditions[0].message)`; the library's own knows plain names alone. */
export function expandHas({ args }: MacroCall) {
  const [path] = args;
  if (path?.op !== '.') throw new SyntaxError('invalid argument to has() macro');
  const [owner, name] = path.args;
  return {
    async: false,
    typeCheck(checker: Checker, _macro: unknown, scope: Scope) {
      checker.check(owner, scope);
      return checker.getType('bool');
    },
    evaluate(evaluator: Evaluator, _macro: unknown, scope: Scope): boolean {
      return asCelMap(evaluator.run(owner, scope))?.has(name) ?? false;
    },
  };
}

/** `optional.optMap(name, result)`: the result for the value, if there is one. */
export function expandOptMap(call: MacroCall) {
  return expandOptional(call, (result) => Optional.of(result));
}

/** `optional.optFlatMap(name, result)`: as optMap, for a result that is an optional itself. */
export function expandOptFlatMap(call: MacroCall) {
  return expandOptional(call, (result) => result);
}

function expandOptional({ args, receiver }: MacroCall, wrap: (result: unknown) => unknown) {
  const [variable, result] = args;
  if (variable?.op !== 'id' || !result) throw new SyntaxError('the first argument must be a name');
  let inner: Scope | undefined;
  return {
    async: false,
    typeCheck(checker: Checker, _macro: unknown, scope: Scope) {
      checker.check(receiver, scope);
      inner = scope.forkWithVariable(variable.args, checker.getType('dyn'));
      checker.check(result, inner);
      return checker.getType('optional');
    },
    evaluate(evaluator: Evaluator, _macro: unknown, scope: Scope): unknown {
      const optional = evaluator.run(receiver, scope);
      if (!(optional instanceof Optional)) throw new RangeError('no such overload: optMap of what is not optional');
      if (!optional.hasValue() || !inner) return Optional.none();
      return wrap(evaluator.run(result, inner.reuse(scope).setIterValue(optional.value(), evaluator)));
    },
  };
}
