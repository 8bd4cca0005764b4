import { ownerOf } from '../apply/ownership.ts';
import { type CompiledHealthChecks, compileHealthChecks } from '../health/compile-health-checks.ts';
import type { Cache } from '../kube/create-cache.ts';
import { type KubeObject, type ObjectRef, refOf } from '../model/kube-object.ts';
import type { KustomizationSpec } from '../model/kustomization-spec.ts';

const compiled = new WeakMap<KubeObject, CompiledHealthChecks | { readonly none: true }>();

/** The health expressions of a Kustomization; none if they cannot be compiled, which its sync reports. */
function expressionsOf(kustomization: KubeObject): CompiledHealthChecks | undefined {
  const known = compiled.get(kustomization) ?? compile(kustomization) ?? { none: true };
  compiled.set(kustomization, known);
  return 'none' in known ? undefined : known;
}

function compile(kustomization: KubeObject): CompiledHealthChecks | undefined {
  const { healthCheckExprs } = kustomization.spec as KustomizationSpec;
  if (!healthCheckExprs || healthCheckExprs.length === 0) return undefined;
  try {
    return compileHealthChecks(healthCheckExprs);
  } catch {
    return undefined;
  }
}

/** Whether a Kustomization judges a kind by an expression of its own. */
export function coversKind(kustomization: KubeObject, ref: Pick<ObjectRef, 'group' | 'kind'>): boolean {
  return expressionsOf(kustomization)?.covers(ref) ?? false;
}

/** Whether the owner of an applied object judges its health by an expression. */
export function isJudgedByExpression(object: KubeObject, kustomizations: Pick<Cache, 'get'>): boolean {
  const key = ownerOf(object);
  const owner = key && kustomizations.get(key.namespace, key.name);
  return owner !== undefined && coversKind(owner, refOf(object));
}
