import { HawserError } from '../errors/hawser-error.ts';
import { type KubeObject, refOf } from '../model/kube-object.ts';
import type { KustomizationSpec } from '../model/kustomization-spec.ts';
import { parseLabelSelector, type Selects } from './label-selector.ts';

/** A rule of `spec.ignore`: fields, as JSON pointers, that others may change without being put back. */
export type IgnoreRule = NonNullable<KustomizationSpec['ignore']>[number];

const IDENTITY = ['group', 'version', 'kind', 'namespace', 'name'] as const;

/** True if a rule is for an object, judged by all but labels and annotations, which the cluster may add to. Throws IGNORE_RULE_INVALID. */
export function mayBeFor({ target = {} }: IgnoreRule, object: KubeObject): boolean {
  const ref = refOf(object);
  return IDENTITY.every((field) => !target[field] || toPattern(field, target[field]).test(ref[field]));
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

function toPattern(field: string, text: string): RegExp {
  try {
    return new RegExp(`^(?:${text})$`);
  } catch (cause) {
    throw invalid(field, `'${text}' is not a regular expression`, cause);
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
