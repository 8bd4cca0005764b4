import type { ObjectRef } from '../model/kube-object.ts';

/** Flux's order of kinds: what others need comes first. */
const FIRST_KINDS: readonly string[] = [
  'CustomResourceDefinition',
  'Namespace',
  'ClusterRole',
  'ClusterClass',
  'RuntimeClass',
  'PriorityClass',
  'StorageClass',
  'VolumeSnapshotClass',
  'IngressClass',
  'GatewayClass',
  'ClusterRoleBinding',
  'ResourceQuota',
  'ServiceAccount',
  'Role',
  'RoleBinding',
  'ConfigMap',
  'Secret',
  'Service',
  'LimitRange',
  'Deployment',
  'StatefulSet',
  'CronJob',
  'PodDisruptionBudget',
];

/** Webhook configurations come last, so that they cannot refuse the objects applied beside them. */
const LAST_KINDS: readonly string[] = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

const RANKS: ReadonlyMap<string, number> = new Map([
  ...FIRST_KINDS.map((kind, index): [string, number] => [kind, index - FIRST_KINDS.length]),
  ...LAST_KINDS.map((kind, index): [string, number] => [kind, index + 1]),
]);

/** Sorts objects for applying (reversed: for deleting): by kind as Flux does, then group, kind, namespace, name. */
export function compareApplyOrder(a: ObjectRef, b: ObjectRef): number {
  return (
    rankOf(a.kind) - rankOf(b.kind) ||
    compareText(a.group, b.group) ||
    compareText(a.kind, b.kind) ||
    compareText(a.namespace, b.namespace) ||
    compareText(a.name, b.name)
  );
}

function rankOf(kind: string): number {
  return RANKS.get(kind) ?? 0;
}

/** By code unit: the order must not depend on a locale. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
