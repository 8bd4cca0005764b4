import { isDeepStrictEqual } from 'node:util';
import { HawserError } from '../errors/hawser-error.ts';
import { compileReadyExpression } from '../health/compile-ready-expression.ts';
import { findCondition } from '../model/conditions.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { dependenciesOf, findDependencyCycle } from '../model/kustomization-dependencies.ts';
import { sourceOf } from '../model/kustomization-source.ts';
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
  const dependencies = dependenciesOf(kustomization);
  const checks = dependencies.map(({ readyExpr }, index) =>
    readyExpr ? compileReadyExpression(readyExpr, `spec.dependsOn[${index}].readyExpr`) : undefined,
  );
  for (const [index, { namespace, name }] of dependencies.entries()) {
    const dep = resources.kustomization({ namespace, name });
    const problem = dep
      ? judge({ self: kustomization, dep }, checks[index], revision)
      : `not found: kustomizations.kustomize.toolkit.fluxcd.io "${name}" not found`;
    if (problem === undefined) continue;
    refuseCycle(resources, kustomization);
    return `dependency '${namespace}/${name}' ${problem}`;
  }
  return undefined;
}

interface Pair {
  readonly self: Kustomization;
  readonly dep: Kustomization;
}

function judge(pair: Pair, isReady: ((pair: Pair) => boolean) | undefined, revision: string): string | undefined {
  return isReady ? judgeExpression(() => isReady(pair)) : judgeDependency(pair, revision);
}

function judgeDependency({ self, dep }: Pair, revision: string): string | undefined {
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
  return isDeepStrictEqual(sourceOf(a), sourceOf(b));
}

function refuseCycle(resources: Pick<Resources, 'kustomization'>, kustomization: Kustomization): void {
  const cycle = findDependencyCycle(kustomization, resources.kustomization);
  if (!cycle) return;
  throw new HawserError(
    'DEPENDENCY_CYCLE',
    `dependency cycle detected: ${cycle.join(' -> ')}: none of them can ever be ready; remove one entry of spec.dependsOn`,
  );
}
