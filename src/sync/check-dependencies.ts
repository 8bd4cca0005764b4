import { HawserError } from '../errors/hawser-error.ts';
import { compileReadyExpression } from '../health/compile-ready-expression.ts';
import { findCondition } from '../model/conditions.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { findDependencyCycle } from '../model/kustomization-dependencies.ts';
import type { Resources } from './resources.ts';

interface Question {
  readonly kustomization: Kustomization;
  /** The revision that is about to be applied. */
  readonly revision: string;
}

/**
 * What keeps a Kustomization from being applied, in Flux's words; undefined if all that it depends on is ready. A
 * dependency of the same source must have applied the same revision. Throws DEPENDENCY_CYCLE naming the circle.
 */
export function findUnreadyDependency(
  resources: Pick<Resources, 'kustomization'>,
  { kustomization, revision }: Question,
): string | undefined {
  const { dependsOn = [] } = kustomization.spec;
  const { namespace = '' } = kustomization.metadata;
  const checks = dependsOn.map(({ readyExpr }, index) =>
    readyExpr ? compileReadyExpression(readyExpr, `spec.dependsOn[${index}].readyExpr`) : undefined,
  );
  for (const [index, { name, namespace: other = namespace }] of dependsOn.entries()) {
    const dep = resources.kustomization({ namespace: other, name });
    const isReady = checks[index];
    const problem = dep
      ? isReady
        ? judgeExpression(() => isReady({ self: kustomization, dep }))
        : judgeDependency(kustomization, dep, revision)
      : `not found: kustomizations.kustomize.toolkit.fluxcd.io "${name}" not found`;
    if (problem === undefined) continue;
    refuseCycle(resources, kustomization);
    return `dependency '${other}/${name}' ${problem}`;
  }
  return undefined;
}

function judgeDependency(self: Kustomization, dep: Kustomization, revision: string): string | undefined {
  const isObserved = dep.status?.observedGeneration === dep.metadata.generation;
  if (!isObserved || findCondition(dep.status?.conditions, 'Ready')?.status !== 'True') return 'is not ready';
  const isBehind = isSameSource(self, dep) && dep.status?.lastAppliedRevision !== revision;
  return isBehind ? 'revision is not up to date' : undefined;
}

function judgeExpression(isReady: () => boolean): string | undefined {
  try {
    return isReady() ? undefined : 'is not ready according to readyExpr eval';
  } catch (error) {
    // A field that the dependency does not have yet: it may have it later.
    if (error instanceof HawserError && error.disposition === 'stalled') throw error;
    return `is not ready according to readyExpr eval: ${error instanceof Error ? error.message : error}`;
  }
}

function isSameSource(a: Kustomization, b: Kustomization): boolean {
  return sourceId(a) === sourceId(b);
}

function sourceId({ metadata, spec: { sourceRef } }: Kustomization): string {
  return `${sourceRef.kind}/${sourceRef.namespace ?? metadata.namespace}/${sourceRef.name}`;
}

function refuseCycle(resources: Pick<Resources, 'kustomization'>, kustomization: Kustomization): void {
  const cycle = findDependencyCycle(kustomization, resources.kustomization);
  if (!cycle) return;
  throw new HawserError(
    'DEPENDENCY_CYCLE',
    `dependency cycle detected: ${cycle.join(' -> ')}: none of them can ever be ready; remove one entry of spec.dependsOn`,
  );
}
