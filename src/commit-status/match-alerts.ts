import type { Alert } from '../model/alert.ts';
import type { KubeObject } from '../model/kube-object.ts';
import type { StatusText } from './to-commit-status.ts';

/** An object that a commit status speaks about. */
export interface StatusObject {
  readonly kind: 'GitRepository' | 'Kustomization';
  readonly namespace: string;
  readonly name: string;
  /** As the cluster has it; undefined for one that was deleted. */
  readonly object?: KubeObject | undefined;
}

/** Whether an Alert concerns an object, as notification-controller matches the events of it. Pure. */
export function concerns(
  { metadata, spec }: Alert,
  object: StatusObject,
  { allowCrossNamespaceRefs }: { allowCrossNamespaceRefs: boolean },
): boolean {
  if (spec.suspend) return false;
  return (spec.eventSources ?? []).some(({ kind, name, namespace = metadata.namespace, matchLabels }) => {
    if (kind !== object.kind || namespace !== object.namespace) return false;
    if (namespace !== metadata.namespace && !allowCrossNamespaceRefs) return false;
    if (name !== '*' && name !== object.name) return false;
    return Object.entries(matchLabels ?? {}).every(
      ([label, value]) => object.object?.metadata.labels?.[label] === value,
    );
  });
}

/** Whether a text is matched by a regular expression in Go's syntax; one that is malformed matches nothing. */
export type Matches = (expression: string, text: string) => boolean;

/**
 * Whether an Alert lets a status pass: by its severity (`error` wants failures only) and by its lists. Pure but for
 * what `matches` does.
 */
export function letsPass({ spec }: Alert, { state, description }: StatusText, matches: Matches): boolean {
  if (spec.eventSeverity === 'error' && (state === 'pending' || state === 'success')) return false;
  const isListed = (list: readonly string[]) => list.some((expression) => matches(expression, description));
  const { inclusionList = [], exclusionList = [] } = spec;
  return (inclusionList.length === 0 || isListed(inclusionList)) && !isListed(exclusionList);
}
