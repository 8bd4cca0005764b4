import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { toCelValue } from '../expression/cel-values.ts';
import { type BooleanExpression, compileBoolean } from '../expression/compile-boolean.ts';
import type { KubeObject } from '../model/kube-object.ts';
import type { ReceiverSpec } from '../model/receiver.ts';

/** Whether an object is to be asked, by the expressions of a Receiver; throws CEL_FAILED. */
export type ResourceFilter = (object: KubeObject, body: FilteredBody) => Promise<boolean>;

/** The body of a call in the form that expressions look at. */
export type FilteredBody = ReturnType<typeof toFilteredBody>;

/** Flux's variables: the metadata of the object, and the body of the call. */
const VARIABLES = ['res', 'req'];

/**
 * Compiles spec.resourceFilter and the filter of each entry of spec.resources; undefined stands for an entry without any.
 * Throws CEL_INVALID in Flux's words.
 */
export function compileFilters({ resourceFilter, resources }: ReceiverSpec): (ResourceFilter | undefined)[] {
  const common = resourceFilter ? compileFilter(resourceFilter, 'invalid resourceFilter expression') : undefined;
  return resources.map(({ filter, kind, name }, index) => {
    const field = `invalid filter expression for resources[${index}] (kind="${kind}", name="${name}")`;
    const own = filter ? compileFilter(filter, field) : undefined;
    const expressions = [common, own].filter((expression) => expression !== undefined);
    return expressions.length === 0 ? undefined : toFilter(expressions);
  });
}

/** True if an expression looks at what is sent. */
export function hasFilter({ resourceFilter, resources }: ReceiverSpec): boolean {
  return Boolean(resourceFilter) || resources.some(({ filter }) => Boolean(filter));
}

/** Reads the body once for all objects; a call without JSON has an empty one. */
export function toFilteredBody(body: string | undefined): unknown {
  return toCelValue(body === undefined ? {} : JSON.parse(body));
}

function compileFilter(text: string, field: string): BooleanExpression {
  return compileBoolean(text, { field, variables: VARIABLES, mayBeDynamic: false });
}

function toFilter(expressions: readonly BooleanExpression[]): ResourceFilter {
  return async ({ apiVersion, kind, metadata }, req) => {
    // Many objects times a large body must not keep others waiting.
    await yieldToOthers();
    return expressions.every((expression) => expression.evaluate({ res: { apiVersion, kind, metadata }, req }));
  };
}
