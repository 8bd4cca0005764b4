import { HawserError } from '../errors/hawser-error.ts';
import { requireServiceAccount } from '../kube/service-account.ts';
import { KubeError } from '../kube/to-kube-error.ts';
import type { Target } from './targets.ts';

/**
 * The API server takes an account that does not exist for one without rights: where an impersonated write was
 * forbidden, this asks whether there is such an account, and if not says that instead.
 */
export async function explainForbidden(
  { own, serviceAccount }: Pick<Target, 'own' | 'serviceAccount'>,
  failures: readonly unknown[],
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  if (!serviceAccount || !failures.some(isForbidden)) return failures;
  try {
    await requireServiceAccount(own, serviceAccount, signal);
    return failures;
  } catch (error) {
    if (error instanceof HawserError && error.code === 'SERVICE_ACCOUNT_NOT_FOUND') return [error];
    // Whether it exists could not be found out; what was forbidden stands.
    return failures;
  }
}

function isForbidden(failure: unknown): boolean {
  const cause = failure instanceof HawserError && !(failure instanceof KubeError) ? failure.cause : failure;
  return cause instanceof KubeError && cause.code === 'KUBE_FORBIDDEN';
}
