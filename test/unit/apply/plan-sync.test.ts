import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DesiredObject, toDesiredObjects } from '../../../src/apply/desired.ts';
import type { ObjectRecord } from '../../../src/apply/live-objects.ts';
import { planSync } from '../../../src/apply/plan-sync.ts';
import type { Sighting } from '../../../src/apply/switches.ts';
import { formatSubject, type KubeObject, type ObjectRef } from '../../../src/model/kube-object.ts';

const owner = { name: 'app', namespace: 'flux' };
const namespaced = { namespaced: true };
const config = object('v1', 'ConfigMap', 'settings');
const web = object('apps/v1', 'Deployment', 'web');
const role = object('rbac.authorization.k8s.io/v1', 'Role', 'reader');
const binding: KubeObject = {
  ...object('rbac.authorization.k8s.io/v1', 'RoleBinding', 'reads'),
  roleRef: { kind: 'Role', name: 'reader' },
};
const crd: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: { group: 'example.com', names: { kind: 'Widget' } },
};
const widget = object('example.com/v1', 'Widget', 'w');
const hook: KubeObject = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'gate' },
};

const policy: KubeObject = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name: 'only' },
};

interface Given {
  readonly objects: readonly KubeObject[];
  readonly inventory?: readonly string[];
  readonly recorded?: (desired: readonly DesiredObject[]) => readonly Partial<ObjectRecord>[];
  readonly prune?: boolean;
  readonly appliedBefore?: boolean;
  /** Kinds that a watch shows to be there. */
  readonly seen?: Readonly<Record<string, Partial<Sighting>>>;
}

const cases: readonly { name: string; given: Given; want: Record<string, unknown> }[] = [
  {
    name: 'new objects are written in stages: what others stand on first, gates last',
    given: { objects: [hook, web, widget, binding, role, config, crd] },
    want: {
      stages: [
        ['CustomResourceDefinition/widgets.example.com'],
        ['Role/app/reader', 'ConfigMap/app/settings'],
        ['RoleBinding/app/reads'],
        ['Deployment/app/web', 'Widget/app/w'],
        ['ValidatingWebhookConfiguration/gate'],
      ],
    },
  },
  {
    name: 'one changed object is its own trial: no dry-run',
    given: { objects: [web] },
    want: { validateFirst: [] },
  },
  {
    name: 'what stands on something written by the same set is not tried first',
    given: { objects: [role, binding, config, crd, widget] },
    want: { validateFirst: ['CustomResourceDefinition', 'Role', 'ConfigMap'] },
  },
  {
    name: 'an object whose record matches is not written',
    given: { objects: [config, web], recorded: (all) => all.map(({ hash }) => ({ sentHash: hash })) },
    want: { stages: [], prune: [], isQuiet: false },
  },
  {
    name: 'an object that has drifted is written again',
    given: { objects: [web], recorded: ([only]) => [{ sentHash: only?.hash ?? '', drift: { reason: 'edited' } }] },
    want: { stages: [['Deployment/app/web']] },
  },
  {
    name: 'after a restart the same manifests are applied quietly, without trial',
    given: {
      objects: [config, web],
      appliedBefore: true,
      inventory: ['app_settings__ConfigMap', 'app_web_apps_Deployment'],
    },
    want: { validateFirst: [], isQuiet: true, inventoryGrows: false },
  },
  {
    name: 'what left the set is pruned in reverse order',
    given: { objects: [], inventory: ['app_settings__ConfigMap', 'app_web_apps_Deployment'] },
    want: { prune: ['Deployment/app/web', 'ConfigMap/app/settings'] },
  },
  {
    name: 'without prune what left the set stays, and leaves the inventory',
    given: { objects: [web], inventory: ['app_settings__ConfigMap'], prune: false },
    want: { prune: [], after: ['app_web_apps_Deployment'] },
  },
  {
    name: 'the inventory names old and new objects while they are written, so that a crash orphans none',
    given: { objects: [web], inventory: ['app_settings__ConfigMap'] },
    want: {
      during: ['app_settings__ConfigMap', 'app_web_apps_Deployment'],
      after: ['app_web_apps_Deployment'],
      inventoryGrows: true,
    },
  },
  {
    name: 'an object that its manifest leaves alone is neither written nor pruned',
    given: { objects: [annotated(web, 'reconcile', 'Disabled')], inventory: ['app_web_apps_Deployment'] },
    want: { stages: [], prune: [] },
  },
  {
    name: 'an object that the cluster says to leave alone is not written',
    given: { objects: [config, web], seen: { Deployment: { isLeftAlone: true } } },
    want: { stages: [['ConfigMap/app/settings']] },
  },
  {
    name: 'an object that Git only wants to be there is written while it is not',
    given: { objects: [annotated(web, 'ssa', 'IfNotPresent')] },
    want: { stages: [['Deployment/app/web']] },
  },
  {
    name: 'an object that Git only wants to be there is not written once it is',
    given: { objects: [annotated(web, 'ssa', 'IfNotPresent')], seen: { Deployment: {} } },
    want: { stages: [] },
  },
  {
    name: 'a new admission policy comes last, so that it cannot refuse what is written beside it',
    given: { objects: [policy, web] },
    want: {
      stages: [['Deployment/app/web'], ['ValidatingAdmissionPolicy/only']],
      changedPolicies: new Set(),
    },
  },
  {
    name: 'an admission policy that is there already is changed first: the set is meant for its new rules',
    given: { objects: [web, crd, policy], inventory: ['_only_admissionregistration.k8s.io_ValidatingAdmissionPolicy'] },
    want: {
      stages: [
        ['ValidatingAdmissionPolicy/only'],
        ['CustomResourceDefinition/widgets.example.com'],
        ['Deployment/app/web'],
      ],
      changedPolicies: new Set(['only']),
    },
  },
  {
    name: 'a member of a namespace, and what a quota counts, are tried once namespace and quota are written',
    given: {
      objects: [{ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q', namespace: 'app' } }, web, crd],
    },
    want: { validateFirst: ['ResourceQuota', 'CustomResourceDefinition'] },
  },
];

describe('the plan of a sync', () => {
  for (const { name, given, want } of cases) {
    test(name, () => {
      const plan = toPlan(given);

      for (const [field, value] of Object.entries(want)) assert.deepEqual(plan[field], value, field);
    });
  }

  test('a namespaced object without a namespace is refused with the way out', () => {
    const bare = { ...web, metadata: { name: 'web' } };

    assert.throws(
      () => toDesiredObjects([bare], owner, () => namespaced),
      /Deployment\/web has no namespace: .*targetNamespace/,
    );
  });
});

function toPlan({
  objects,
  inventory = [],
  recorded,
  prune = true,
  appliedBefore = false,
  seen = {},
}: Given): Record<string, unknown> {
  const desired = toDesiredObjects(objects, owner, (ref) => ({
    namespaced: !['apiextensions.k8s.io', 'admissionregistration.k8s.io'].includes(ref.group),
  }));
  const records = recorded?.(desired) ?? [];
  const recordOf = (ref: ObjectRef) => {
    const index = desired.findIndex((candidate) => candidate.ref.kind === ref.kind);
    return records[index] as ObjectRecord | undefined;
  };
  const sightingOf = ({ kind }: ObjectRef) => seen[kind] && { isLeftAlone: false, owner: undefined, ...seen[kind] };
  const entries = inventory.map((id) => ({ id, v: 'v1' }));
  const plan = planSync({ desired, inventory: entries, prune, appliedBefore, recordOf, sightingOf });
  return {
    ...plan,
    stages: plan.stages.map((stage) => stage.map(({ ref }) => formatSubject(ref))),
    validateFirst: desired
      .filter(({ identity }) => plan.validateFirst.has(identity))
      .map(({ ref }) => ref.kind)
      .sort(byGiven),
    prune: plan.prune.map(formatSubject),
    during: plan.inventoryDuring.map(({ id }) => id),
    after: plan.inventoryAfter.map(({ id }) => id),
  };
}

function byGiven(a: string, b: string): number {
  const order = ['CustomResourceDefinition', 'Role', 'ConfigMap'];
  return order.indexOf(a) - order.indexOf(b);
}

function object(apiVersion: string, kind: string, name: string): KubeObject {
  return { apiVersion, kind, metadata: { name, namespace: 'app' } };
}

function annotated(base: KubeObject, name: string, value: string): KubeObject {
  const annotations = { [`kustomize.toolkit.fluxcd.io/${name}`]: value };
  return { ...base, metadata: { ...base.metadata, annotations } };
}
