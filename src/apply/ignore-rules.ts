import { HawserError } from '../errors/hawser-error.ts';
import { OutOfTimeError, runBounded } from '../expression/run-bounded.ts';
import { type KubeObject, refOf } from '../model/kube-object.ts';
import type { KustomizationSpec } from '../model/kustomization-spec.ts';
import { parseLabelSelector, type Selects } from './label-selector.ts';

/** A rule of `spec.ignore`: fields, as JSON pointers, that others may change without being put back. */
export type IgnoreRule = NonNullable<KustomizationSpec['ignore']>[number];

const LONGEST_MATCH_MS = 100;
const IDENTITY = ['group', 'version', 'kind', 'namespace', 'name'] as const;

/** True if a rule is for an object, judged by all but labels and annotations, which the cluster may add to. Throws IGNORE_RULE_INVALID. */
export function mayBeFor({ target = {} }: IgnoreRule, object: KubeObject): boolean {
  const ref = refOf(object);
  return IDENTITY.every((field) => !target[field] || matches(field, target[field], ref[field]));
}

/** True if a rule is for an object. Throws IGNORE_RULE_INVALID. */
export function isFor(rule: IgnoreRule, object: KubeObject): boolean {
  const { labelSelector, annotationSelector } = rule.target ?? {};
  const { labels = {}, annotations = {} } = object.metadata;
  return (
    mayBeFor(rule, object) &&
    toSelector('labelSelector', labelSelector)(labels) &&
    toSelector('annotationSelector', annotationSelector)(annotations)
  );
}

/** A stranger's expression may backtrack for ever: it is interrupted. */
function matches(field: string, text: string, value: string): boolean {
  if (text === value) return true;
  try {
    const pattern = new RegExp(`^(?:${text})$`);
    return /^[\w.-]*$/.test(text) ? pattern.test(value) : runBounded(() => pattern.test(value), LONGEST_MATCH_MS);
  } catch (cause) {
    const why = cause instanceof OutOfTimeError ? 'takes too long to match' : 'is not a regular expression';
    throw invalid(field, `'${text}' ${why}`, cause);
  }
}

function toSelector(field: string, text = ''): Selects {
  const selects = parseLabelSelector(text);
  if (!selects) throw invalid(field, `'${text}' is not a label selector`);
  return selects;
}

function invalid(field: string, why: string, cause?: unknown): HawserError {
  return new HawserError('IGNORE_RULE_INVALID', `spec.ignore: target.${field} ${why}`, { cause });
}
