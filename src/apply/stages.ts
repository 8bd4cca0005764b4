import { compareApplyOrder } from '../manifest/apply-order.ts';
import type { ObjectRef } from '../model/kube-object.ts';
import type { DesiredObject } from './desired.ts';

/**
 * When a kind can be written: what others stand on first, what could refuse others last; but a policy that is there
 * already is changed first, since the rest of the set is meant for its new rules. A stage is over as soon as its writes
 * are answered; nothing waits for health, but that a CRD's objects wait until it is established.
 */
const POLICIES = -1;
const FOUNDATIONS = 0;
const MEMBERS = 1;
const BINDINGS = 2;
const WORKLOADS = 3;
const GATES = 4;

const PHASE_OF_KIND: Readonly<Record<string, number>> = {
  'apiextensions.k8s.io/CustomResourceDefinition': FOUNDATIONS,
  '/Namespace': FOUNDATIONS,
  'rbac.authorization.k8s.io/ClusterRole': FOUNDATIONS,
  'scheduling.k8s.io/PriorityClass': FOUNDATIONS,
  'storage.k8s.io/StorageClass': FOUNDATIONS,
  'node.k8s.io/RuntimeClass': FOUNDATIONS,
  'networking.k8s.io/IngressClass': FOUNDATIONS,
  '/ServiceAccount': MEMBERS,
  '/ResourceQuota': MEMBERS,
  '/LimitRange': MEMBERS,
  'rbac.authorization.k8s.io/Role': MEMBERS,
  '/ConfigMap': MEMBERS,
  '/Secret': MEMBERS,
  '/PersistentVolume': MEMBERS,
  '/PersistentVolumeClaim': MEMBERS,
  '/Service': MEMBERS,
  'rbac.authorization.k8s.io/RoleBinding': BINDINGS,
  'rbac.authorization.k8s.io/ClusterRoleBinding': BINDINGS,
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': GATES,
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': GATES,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': GATES,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding': GATES,
  'admissionregistration.k8s.io/MutatingAdmissionPolicy': GATES,
  'admissionregistration.k8s.io/MutatingAdmissionPolicyBinding': GATES,
};

const POLICY_KIND = /^(Validating|Mutating)AdmissionPolicy(Binding)?$/;

/** True for an admission policy, or what binds one: the API server judges by it itself, without a webhook. */
export function isPolicy({ group, kind }: Pick<ObjectRef, 'group' | 'kind'>): boolean {
  return group === 'admissionregistration.k8s.io' && POLICY_KIND.test(kind);
}

/**
 * Groups objects into stages: each is written in parallel once the one before it is written. Empty stages are left out;
 * the given policies come first of all.
 */
export function toStages(
  objects: readonly DesiredObject[],
  policies: ReadonlySet<string> = new Set(),
): DesiredObject[][] {
  const stages = new Map<number, DesiredObject[]>();
  for (const object of [...objects].sort((a, b) => compareApplyOrder(a.ref, b.ref))) {
    const usual = PHASE_OF_KIND[`${object.ref.group}/${object.ref.kind}`] ?? WORKLOADS;
    const phase = policies.has(object.identity) ? POLICIES : usual;
    stages.set(phase, [...(stages.get(phase) ?? []), object]);
  }
  return [...stages.entries()].sort(([a], [b]) => a - b).map(([, stage]) => stage);
}

/**
 * The identities that can be dry-run before the first write: those whose prerequisites are not themselves written by
 * this set. A dry-run of the others would fail falsely, so they are tried once their prerequisites stand. An object of
 * a kind that neither the API server nor this set knows is among the first: nothing is written for its sake.
 */
export function findValidatable(changed: readonly DesiredObject[]): Set<string> {
  const names = new Set(changed.map((object) => object.identity));
  const customKinds = new Set(changed.flatMap(({ object }) => definedKind(object) ?? []));
  const quotas = new Set(
    changed
      .filter(({ ref }) => ref.kind === 'ResourceQuota' || ref.kind === 'LimitRange')
      .map(({ ref }) => ref.namespace),
  );
  const isWaiting = ({ ref, object }: DesiredObject): boolean =>
    names.has(`/Namespace//${ref.namespace}`) ||
    customKinds.has(`${ref.group}/${ref.kind}`) ||
    (quotas.has(ref.namespace) && ref.kind !== 'ResourceQuota' && ref.kind !== 'LimitRange') ||
    names.has(boundRole(object, ref.namespace) ?? '');
  return new Set(changed.filter((object) => !isWaiting(object)).map((object) => object.identity));
}

/** `<group>/<kind>` that a CustomResourceDefinition defines. */
export function definedKind(object: { kind: string; [field: string]: unknown }): string | undefined {
  if (object.kind !== 'CustomResourceDefinition') return undefined;
  const spec = object.spec as { group?: string; names?: { kind?: string } } | undefined;
  return spec?.group && spec.names?.kind ? `${spec.group}/${spec.names.kind}` : undefined;
}

function boundRole(object: { [field: string]: unknown }, namespace: string): string | undefined {
  const role = object.roleRef as { kind?: string; name?: string } | undefined;
  if (!role) return undefined;
  return `rbac.authorization.k8s.io/${role.kind}/${role.kind === 'Role' ? namespace : ''}/${role.name}`;
}
