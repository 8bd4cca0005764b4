import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { type CelExpression, compileExpression } from './cel-environment.ts';

interface BooleanOptions {
  /** Where the expression stands, such as `spec.dependsOn[0].readyExpr`. */
  readonly field: string;
  /** The variables it may use; any if absent. */
  readonly variables?: readonly string[];
  /** Whether a type that only the values will tell is good enough. */
  readonly mayBeDynamic: boolean;
}

/** An expression whose result is true or false. */
export interface BooleanExpression {
  /** Throws CEL_FAILED, also for a result that is neither. */
  evaluate(values: Readonly<Record<string, unknown>>): boolean;
}

/** Compiles an expression of a spec that must be of type bool. Throws CEL_INVALID that names the field. */
export function compileBoolean(text: string, options: BooleanOptions): BooleanExpression {
  const { resultType, evaluate } = compileField(text, options);
  if (resultType !== 'bool' && !(options.mayBeDynamic && resultType === 'dyn')) {
    throw configurationError(options.field, `CEL expression output type mismatch: expected bool, got ${resultType}`);
  }
  return {
    evaluate(values) {
      const result = evaluate(values);
      if (typeof result === 'boolean') return result;
      throw new HawserError('CEL_FAILED', `failed to evaluate CEL expression as boolean: '${text.slice(0, 500)}'`);
    },
  };
}

/** A mistake in an expression, in the words by which Flux tells of a spec that only a person can mend. */
export function configurationError(field: string, problem: string, cause?: unknown): HawserError {
  return new HawserError(
    'CEL_INVALID',
    `Reconciliation failed terminally due to configuration error: ${field}: ${problem}`,
    { cause },
  );
}

function compileField(text: string, { field, variables }: BooleanOptions): CelExpression {
  try {
    return compileExpression(text, variables);
  } catch (error) {
    throw configurationError(field, messageOf(error), error);
  }
}
