import type { KubeObject } from './kube-object.ts';
import type { Kustomization } from './kustomization.ts';
import type { KustomizationSpec } from './kustomization-spec.ts';

interface Name {
  readonly namespace: string;
  readonly name: string;
}

/** One entry of `spec.dependsOn`. */
export interface Dependency extends Name {
  /** CEL expression that stands in place of the rule. */
  readonly readyExpr: string | undefined;
}

/** What `spec.dependsOn` names, each in its namespace. */
export function dependenciesOf({ metadata, spec }: KubeObject): Dependency[] {
  return ((spec as KustomizationSpec).dependsOn ?? []).map(({ name, namespace, readyExpr }) => ({
    name,
    namespace: namespace ?? metadata.namespace ?? '',
    readyExpr,
  }));
}

/** The circle of `dependsOn` that leads back to a Kustomization, as `<namespace>/<name>` from itself to itself; undefined if there is none. Pure. */
export function findDependencyCycle(
  start: Kustomization,
  find: (name: Name) => Kustomization | undefined,
): string[] | undefined {
  const target = format({ namespace: start.metadata.namespace ?? '', name: start.metadata.name });
  const seen = new Set<string>();
  const search = (at: Kustomization, path: readonly string[]): string[] | undefined => {
    const names = dependenciesOf(at).filter((name) => !seen.has(format(name)));
    if (names.some((name) => format(name) === target)) return [...path, target];
    for (const name of names) {
      seen.add(format(name));
      const next = find(name);
      const cycle = next && search(next, [...path, format(name)]);
      if (cycle) return cycle;
    }
    return undefined;
  };
  return search(start, [target]);
}

function format({ namespace, name }: Name): string {
  return `${namespace}/${name}`;
}
