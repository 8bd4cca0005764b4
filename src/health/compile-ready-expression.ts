import { compileBoolean } from '../expression/compile-boolean.ts';
import type { KubeObject } from '../model/kube-object.ts';

/**
 * Compiles dependsOn[].readyExpr over `self` and `dep`, the Kustomization and what it depends on. Throws CEL_INVALID that
 * names the field; what is returned throws CEL_FAILED when the objects lack what the expression asks for.
 */
export function compileReadyExpression(
  text: string,
  field: string,
): (objects: { readonly self: KubeObject; readonly dep: KubeObject }) => boolean {
  const expression = compileBoolean(text, { field, variables: ['self', 'dep'], mayBeDynamic: false });
  return ({ self, dep }) => expression.evaluate({ self, dep });
}
