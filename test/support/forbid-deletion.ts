import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type KubeObject, refOf } from '../../src/model/kube-object.ts';
import { eventually } from './eventually.ts';
import { createKubectl } from './kubectl.ts';
import type { TestCluster } from './use-cluster.ts';

const KIND = 'ValidatingAdmissionPolicy';
const apiVersion = 'admissionregistration.k8s.io/v1';

/**
 * Has the API server refuse to delete the ConfigMaps of a namespace, by an admission policy that says that settings
 * must stay. Answers how to allow it again.
 */
export async function forbidDeletion(
  t: Pick<TestContext, 'after'>,
  { client, kubeconfig, namespace }: Pick<TestCluster, 'client' | 'kubeconfig' | 'namespace'>,
): Promise<() => Promise<void>> {
  const { policy, binding } = makePolicy(namespace);
  const kubectl = createKubectl(kubeconfig, namespace);
  const allow = async () => {
    const kinds = `${KIND}Binding,${KIND}`.toLowerCase();
    await kubectl('delete', kinds, policy.metadata.name, '--ignore-not-found');
  };
  t.after(allow);
  await client.create(policy);
  await client.create(binding);
  const probe = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'probe', namespace } };
  await eventually(async () => {
    if (!(await client.get(refOf(probe)))) await client.create(probe);
    await assert.rejects(client.delete(refOf(probe)), /must stay/);
  });
  return allow;
}

function makePolicy(namespace: string): { readonly policy: KubeObject; readonly binding: KubeObject } {
  const metadata = { name: `keep-${namespace}` };
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['DELETE'], resources: ['configmaps'] };
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  const policy = {
    failurePolicy: 'Fail',
    matchConstraints: { resourceRules: [rule], namespaceSelector },
    validations: [{ expression: 'false', message: 'settings must stay' }],
  };
  const binding = { policyName: metadata.name, validationActions: ['Deny'] };
  return {
    policy: { apiVersion, kind: KIND, metadata, spec: policy },
    binding: { apiVersion, kind: `${KIND}Binding`, metadata, spec: binding },
  };
}
