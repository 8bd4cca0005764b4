import { messageOf } from '../errors/hawser-error.ts';
import { type BooleanExpression, compileBoolean, configurationError } from '../expression/compile-boolean.ts';
import { type KubeObject, parseApiVersion } from '../model/kube-object.ts';
import type { KustomizationSpec } from '../model/kustomization-spec.ts';
import { computeTerminatingHealth, computeUnobservedHealth } from './generic.ts';
import { current, failed, type Health, inProgress, unknown } from './health.ts';

type HealthCheckExpression = NonNullable<KustomizationSpec['healthCheckExprs']>[number];

/** The expressions of one Kustomization, ready to judge the objects they are for. */
export interface CompiledHealthChecks {
  /** The verdict of the expressions, Unknown if one fails; undefined if none is for this object. Never throws. */
  judge(object: KubeObject): Health | undefined;
  /** True if an expression is for this kind, by its name or for its whole group. */
  covers(ref: { readonly group: string; readonly kind: string }): boolean;
}

/** The expressions for one kind, in the order in which they are asked. */
type Checks = readonly { readonly expression: BooleanExpression; readonly verdict: Health }[];

/** The order is that of Flux' RFC 0009; the first that is true decides. */
const VERDICTS = {
  inProgress: inProgress('The inProgress expression is true'),
  failed: failed('The failed expression is true'),
  current: current('The current expression is true'),
} as const;
const FIELDS = ['inProgress', 'failed', 'current'] as const;

/**
 * Compiles spec.healthCheckExprs. Throws CEL_INVALID that names the field: an expression that is wrong or not of type
 * bool, or a second one for the same kind. One for a whole group leaves Jobs to their own rule, as in Flux.
 */
export function compileHealthChecks(expressions: readonly HealthCheckExpression[] | undefined): CompiledHealthChecks {
  const byKind = new Map<string, Checks>();
  for (const [index, item] of (expressions ?? []).entries()) {
    const field = `spec.healthCheckExprs[${index}]`;
    const key = `${parseApiVersion(item.apiVersion).group}/${item.kind ?? ''}`;
    if (byKind.has(key)) throw configurationError(field, `duplicate custom health check for ${describeTarget(item)}`);
    byKind.set(key, compileChecks(item, field));
  }
  const find = (group: string, kind: string): Checks | undefined =>
    byKind.get(`${group}/${kind}`) ?? (group === 'batch' && kind === 'Job' ? undefined : byKind.get(`${group}/`));
  return {
    judge(object) {
      const checks = find(parseApiVersion(object.apiVersion).group, object.kind);
      return checks && (computeTerminatingHealth(object) ?? computeUnobservedHealth(object) ?? judge(object, checks));
    },
    covers: ({ group, kind }) => find(group, kind) !== undefined,
  };
}

function compileChecks(item: HealthCheckExpression, field: string): Checks {
  if (item.current === '') throw configurationError(`${field}.current`, 'expression not specified');
  return FIELDS.flatMap((name) => {
    const text = item[name];
    if (!text) return [];
    const expression = compileBoolean(text, { field: `${field}.${name}`, mayBeDynamic: true });
    return [{ expression, verdict: VERDICTS[name] }];
  });
}

function judge(object: KubeObject, checks: Checks): Health {
  try {
    const found = checks.find(({ expression }) => expression.evaluate(object));
    return found?.verdict ?? inProgress('No expression is true');
  } catch (error) {
    return unknown(messageOf(error));
  }
}

function describeTarget({ apiVersion, kind }: HealthCheckExpression): string {
  return kind ? `${kind} of ${apiVersion}` : `the group of ${apiVersion}`;
}
