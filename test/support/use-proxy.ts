import type { TestContext } from 'node:test';
import { type ClusterAccess, loadClusterAccess } from '../../src/kube/load-cluster-access.ts';
import { startTcpProxy, type TcpProxy } from './start-tcp-proxy.ts';

/** Access to a cluster over a wire that the test can cut. */
export async function useProxy(
  t: Pick<TestContext, 'after'>,
  kubeconfig: string,
): Promise<{ proxy: TcpProxy; access: ClusterAccess }> {
  const direct = loadClusterAccess({ kubeconfig });
  const proxy = await startTcpProxy(Number(direct.server.port));
  t.after(() => proxy.stop());
  const server = new URL(direct.server);
  server.port = String(proxy.port);
  return { proxy, access: { ...direct, server } };
}
