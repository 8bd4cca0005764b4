import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { createKubeClient } from '../../src/kube/create-kube-client.ts';
import type { KubeClient } from '../../src/kube/kube-client.ts';
import { loadClusterAccess } from '../../src/kube/load-cluster-access.ts';
import { type KubeObject, type ObjectRef, refOf } from '../../src/model/kube-object.ts';
import { eventually } from './eventually.ts';
import { type ControlPlane, startControlPlane } from './start-control-plane.ts';

export interface TestCluster {
  readonly kubeconfig: string;
  readonly client: KubeClient;
  /** Fresh, and deleted after the test. */
  readonly namespace: string;
  /** For what lives outside the namespace: deleted after the test, before the client stops (hooks run in the order they were set). */
  deleteAfter(object: KubeObject): void;
}

let plane: Promise<ControlPlane> | undefined;

/** Where a test file finds its cluster: the one of this test run, else one that ends with this process. */
function useControlPlane(): Promise<ControlPlane> {
  plane ??= startControlPlane();
  return plane;
}

/** A client of the test cluster and a namespace of the test's own. */
export async function useCluster(t: Pick<TestContext, 'after'>): Promise<TestCluster> {
  const { kubeconfig } = await useControlPlane();
  const client = createKubeClient({ access: loadClusterAccess({ kubeconfig }) });
  const namespace = `test-${randomBytes(4).toString('hex')}`;
  const doomed = [refTo('Namespace', '', namespace)];
  t.after(async () => {
    try {
      for (const ref of doomed) await client.delete(ref, { propagation: 'Background' });
    } finally {
      await client.stop();
    }
  });
  await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await eventually(async () => {
    // Pods are refused until the controller-manager has created it.
    if (!(await client.get(refTo('ServiceAccount', namespace, 'default')))) throw new Error('no service account yet');
  });
  return { kubeconfig, client, namespace, deleteAfter: (object) => void doomed.push(refOf(object)) };
}

function refTo(kind: string, namespace: string, name: string): ObjectRef {
  return { group: '', version: 'v1', kind, namespace, name };
}
