import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { messageOf } from '../errors/hawser-error.ts';
import { redact } from '../errors/redact.ts';
import { compileExpression } from '../expression/cel-environment.ts';
import { toCelValue } from '../expression/cel-values.ts';
import type { Alert, Provider } from '../model/alert.ts';
import type { StatusObject } from './match-alerts.ts';
import type { StatusSubject } from './status-route.ts';
import { toStatusEvent } from './to-status-event.ts';

/** Under which contexts a status is posted, and what is wrong with the expression that should have named them. */
export interface FoundContexts {
  readonly contexts: readonly string[];
  readonly problem?: string;
}

interface ContextsOf {
  readonly provider: Provider;
  readonly alert: Alert;
  readonly subject: Pick<StatusSubject, 'about' | 'context' | 'revision' | 'said'>;
  /** Names this process. */
  readonly instance: string;
}

/** Flux's variables. */
const VARIABLES = ['alert', 'event', 'provider'];
/** Hosts bear no longer ones. */
const LONGEST_CONTEXT = 255;
/** How many Kustomizations a summary is compared with. */
const MOST_COMPARED = 20;

/**
 * The contexts that a Provider's `commitStatusExpr` names for a status: its own one where the expression fails, so that
 * no status is lost. A summary must not take a Kustomization's context, but that of the one for which it speaks.
 */
export async function findContexts({ provider, alert, subject, instance }: ContextsOf): Promise<FoundContexts> {
  const expression = provider.spec.commitStatusExpr;
  const [first, ...others] = subject.about;
  if (!expression || !first) return { contexts: [subject.context] };
  // Both are the same for all objects, and read once.
  const values = { alert: toCelValue(alert), provider: toCelValue(provider) };
  const contextOf = (about: StatusObject) =>
    evaluate(expression, { ...values, event: toStatusEvent(about, { subject, alert, instance }) });
  try {
    return await compare(first, others, contextOf);
  } catch (error) {
    const object = nameOf(first);
    const problem = `spec.commitStatusExpr for ${object}: ${messageOf(error)}; its context is ${subject.context} instead`;
    return { contexts: [subject.context], problem };
  }
}

async function compare(
  first: StatusObject,
  others: readonly StatusObject[],
  contextOf: (about: StatusObject) => string,
): Promise<FoundContexts> {
  const context = contextOf(first);
  const isNamesake = ({ namespace, name }: StatusObject) => namespace === first.namespace && name === first.name;
  for (const other of others.filter((each) => !isNamesake(each)).slice(0, MOST_COMPARED)) {
    // A tenant's expression over many objects must not keep others waiting.
    await yieldToOthers();
    if (tryContextOf(other, contextOf) === context) {
      throw new SyntaxError(`${nameOf(other)} has the context '${context}' as well`);
    }
  }
  const namesake = others.find(isNamesake);
  const itsContext = namesake && tryContextOf(namesake, contextOf);
  return { contexts: [...new Set([context, itsContext ?? context])] };
}

/** What is wrong for another object is told when that one has a status. */
function tryContextOf(about: StatusObject, contextOf: (about: StatusObject) => string): string | undefined {
  try {
    return contextOf(about);
  } catch {
    return undefined;
  }
}

/** Throws CEL_INVALID or CEL_FAILED. */
function evaluate(expression: string, values: Readonly<Record<string, unknown>>): string {
  const result = compileExpression(expression, VARIABLES).evaluate(values);
  if (typeof result !== 'string') throw new TypeError('the result is not a string');
  if (result === '') throw new TypeError('the result is empty');
  if (result.length > LONGEST_CONTEXT) throw new RangeError(`the result has more than ${LONGEST_CONTEXT} characters`);
  return redact(result);
}

function nameOf({ kind, namespace, name }: StatusObject): string {
  return `${kind}/${namespace}/${name}`;
}
