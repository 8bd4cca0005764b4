import type { KubeObject, ObjectRef } from '../model/kube-object.ts';
import { parseApiVersion } from '../model/kube-object.ts';
import { computeCustomResourceDefinitionHealth } from './custom-resource-definition.ts';
import { computeDaemonSetHealth } from './daemon-set.ts';
import { computeDeploymentHealth } from './deployment.ts';
import { computeGenericHealth, computeReadyHealth } from './generic.ts';
import { current, type Health } from './health.ts';
import { computeJobHealth } from './job.ts';
import { computePersistentVolumeClaimHealth } from './persistent-volume-claim.ts';
import { computePodHealth } from './pod.ts';
import { computePodDisruptionBudgetHealth } from './pod-disruption-budget.ts';
import { computeReplicaSetHealth } from './replica-set.ts';
import { computeServiceHealth } from './service.ts';
import { computeStatefulSetHealth } from './stateful-set.ts';

export type { Health, HealthStatus } from './health.ts';

/*
 * health judges one live object: by kstatus' rules, with Flux's stricter rule for jobs, or by a user's CEL expressions
 * (judge-health.ts). It sees nothing but the object: watching, deadlines, and whether the object is old enough to be
 * judged are left to apply and watch.
 */

type Rule = (object: KubeObject, now: Date) => Health;

/** By group and kind; the generic rule goes first. */
const RULES: Readonly<Record<string, Rule>> = {
  '/PersistentVolumeClaim': computePersistentVolumeClaimHealth,
  '/Pod': computePodHealth,
  '/Service': computeServiceHealth,
  'apiextensions.k8s.io/CustomResourceDefinition': computeCustomResourceDefinitionHealth,
  'apps/DaemonSet': computeDaemonSetHealth,
  'apps/Deployment': computeDeploymentHealth,
  'apps/ReplicaSet': computeReplicaSetHealth,
  'apps/StatefulSet': computeStatefulSetHealth,
  'batch/Job': computeJobHealth,
  'policy/PodDisruptionBudget': computePodDisruptionBudgetHealth,
};

/** Kinds that no controller has to make ready; by group. */
const CURRENT_ONCE_STORED: Readonly<Record<string, readonly string[]>> = {
  '': ['ConfigMap', 'Endpoints', 'LimitRange', 'PodTemplate', 'ResourceQuota', 'Secret', 'ServiceAccount'],
  'admissionregistration.k8s.io': [
    'MutatingAdmissionPolicyBinding',
    'MutatingWebhookConfiguration',
    'ValidatingAdmissionPolicyBinding',
    'ValidatingWebhookConfiguration',
  ],
  apps: ['ControllerRevision'],
  batch: ['CronJob'],
  'coordination.k8s.io': ['Lease'],
  'discovery.k8s.io': ['EndpointSlice'],
  'networking.k8s.io': ['IngressClass', 'NetworkPolicy'],
  'node.k8s.io': ['RuntimeClass'],
  'rbac.authorization.k8s.io': ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
  'scheduling.k8s.io': ['PriorityClass'],
  'storage.k8s.io': ['CSIDriver', 'StorageClass', 'VolumeAttributesClass'],
};

/** Judges a live object by the built-in rules; undefined is an object that does not exist. */
export function computeHealth(object: KubeObject | undefined, now: Date = new Date()): Health {
  if (object === undefined) return { status: 'NotFound', message: 'Resource not found' };
  const { group } = parseApiVersion(object.apiVersion);
  const generic = computeGenericHealth(object);
  if (generic) return generic;
  const rule = RULES[`${group}/${object.kind}`];
  if (rule) return rule(object, now);
  return hasHealthRule({ group, kind: object.kind }) ? computeReadyHealth(object) : current('Resource is always ready');
}

/** False for kinds that are Current as soon as they exist, such as ConfigMap: they need no watch for their health. */
export function hasHealthRule({ group, kind }: Pick<ObjectRef, 'group' | 'kind'>): boolean {
  return !CURRENT_ONCE_STORED[group]?.includes(kind);
}
