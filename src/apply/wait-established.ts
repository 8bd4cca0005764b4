import { HawserError } from '../errors/hawser-error.ts';
import { computeHealth } from '../health/compute-health.ts';
import type { KubeClient } from '../kube/kube-client.ts';
import type { KubeObject } from '../model/kube-object.ts';

const PATIENCE_MS = 60_000;

/** Waits, by watch, until the API server serves the kinds that these CustomResourceDefinitions define. */
export async function waitEstablished(
  client: KubeClient,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(names.map((name) => waitForOne(client, name, signal)));
  client.discovery.invalidate();
}

async function waitForOne(client: KubeClient, name: string, signal: AbortSignal): Promise<void> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  const established = Promise.withResolvers<void>();
  const judge = (object: KubeObject) => {
    const health = computeHealth(object);
    if (health.status === 'Current') established.resolve();
    if (health.status === 'Failed') established.reject(notEstablished(name, health.message));
  };
  const onAbort = () =>
    established.reject(
      signal.aborted ? signal.reason : notEstablished(name, `not established after ${PATIENCE_MS / 1000}s`),
    );
  bounded.addEventListener('abort', onAbort, { once: true });
  const watch = client.watch(
    {
      group: 'apiextensions.k8s.io',
      version: 'v1',
      plural: 'customresourcedefinitions',
      fieldSelector: `metadata.name=${name}`,
    },
    { onSnapshot: (items) => items.forEach(judge), onEvent: (_type, object) => judge(object) },
  );
  try {
    await established.promise;
  } finally {
    bounded.removeEventListener('abort', onAbort);
    await watch.stop();
  }
}

function notEstablished(name: string, why: string): HawserError {
  return new HawserError('APPLY_FAILED', `CustomResourceDefinition/${name} is not established: ${why}`, {
    disposition: 'retry',
  });
}
