import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalizeObject } from '../../../src/manifest/normalize-object.ts';
import type { KubeObject } from '../../../src/model/kube-object.ts';

const RBAC = 'rbac.authorization.k8s.io';

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly given: object;
  /** Fields of the normalised object. */
  readonly want: object;
}

/** As a real API server stores what is given. */
const CASES: readonly Case[] = [
  {
    name: 'a Service’s port is also the port that it leads to, unless another is named',
    kind: 'v1/Service',
    given: { spec: { ports: [{ port: 80 }, { port: 81, targetPort: '' }, { port: 82, targetPort: 'web' }] } },
    want: {
      spec: {
        ports: [
          { port: 80, protocol: 'TCP', targetPort: 80 },
          { port: 81, protocol: 'TCP', targetPort: 81 },
          { port: 82, protocol: 'TCP', targetPort: 'web' },
        ],
      },
    },
  },
  {
    name: 'a NetworkPolicy’s ports are of TCP, unless they say otherwise',
    kind: 'networking.k8s.io/v1/NetworkPolicy',
    given: {
      spec: { ingress: [{ ports: [{ port: 80 }, { port: 53, protocol: 'UDP' }] }, {}], egress: [{ ports: [{}] }] },
    },
    want: {
      spec: {
        podSelector: {},
        ingress: [
          {
            ports: [
              { port: 80, protocol: 'TCP' },
              { port: 53, protocol: 'UDP' },
            ],
          },
          {},
        ],
        egress: [{ ports: [{ protocol: 'TCP' }] }],
      },
    },
  },
  {
    name: 'an EndpointSlice’s ports have a protocol and a name, if an empty one',
    kind: 'discovery.k8s.io/v1/EndpointSlice',
    given: { addressType: 'IPv4', endpoints: [], ports: [{ port: 80 }] },
    want: { addressType: 'IPv4', endpoints: [], ports: [{ name: '', port: 80, protocol: 'TCP' }] },
  },
  {
    name: 'the people and groups that a role is bound to are RBAC’s, service accounts are not',
    kind: `${RBAC}/v1/ClusterRoleBinding`,
    given: {
      roleRef: { kind: 'ClusterRole', name: 'a' },
      subjects: [
        { kind: 'User', name: 'ann' },
        { kind: 'ServiceAccount', name: 'bot', namespace: 'a' },
      ],
    },
    want: {
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'a' },
      subjects: [
        { apiGroup: RBAC, kind: 'User', name: 'ann' },
        { kind: 'ServiceAccount', name: 'bot', namespace: 'a' },
      ],
    },
  },
  {
    name: 'the rules of a webhook are for every scope',
    kind: 'admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration',
    given: { webhooks: [{ name: 'a', clientConfig: {}, rules: [{ operations: ['*'] }, { scope: 'Cluster' }] }] },
    want: {
      webhooks: [
        {
          name: 'a',
          clientConfig: {},
          rules: [{ operations: ['*'], scope: '*' }, { scope: 'Cluster' }],
        },
      ],
    },
  },
  {
    name: 'what an admission policy matches is complete',
    kind: 'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy',
    given: { spec: { matchConstraints: { namespaceSelector: { matchLabels: { a: 'b' } }, resourceRules: [{}] } } },
    want: {
      spec: {
        matchConstraints: {
          namespaceSelector: { matchLabels: { a: 'b' } },
          objectSelector: {},
          matchPolicy: 'Equivalent',
          resourceRules: [{ scope: '*' }],
        },
      },
    },
  },
  {
    name: 'a container’s bounds give its defaults, and these its requests',
    kind: 'v1/LimitRange',
    given: {
      spec: {
        limits: [
          { type: 'Container', max: { cpu: '2' }, min: { memory: '1Mi' } },
          { type: 'Container', max: { cpu: '2' }, default: { cpu: '1' }, defaultRequest: { cpu: 0.5 } },
          { type: 'Container', min: { cpu: '1' }, max: { memory: 0 } },
          { type: 'Pod', max: { cpu: '2' } },
        ],
      },
    },
    want: {
      spec: {
        limits: [
          {
            type: 'Container',
            max: { cpu: '2' },
            min: { memory: '1Mi' },
            default: { cpu: '2' },
            defaultRequest: { cpu: '2', memory: '1Mi' },
          },
          { type: 'Container', max: { cpu: '2' }, default: { cpu: '1' }, defaultRequest: { cpu: '500m' } },
          {
            type: 'Container',
            min: { cpu: '1' },
            max: { memory: '0' },
            default: { memory: '0' },
            defaultRequest: { cpu: '1', memory: '0' },
          },
          { type: 'Pod', max: { cpu: '2' } },
        ],
      },
    },
  },
  {
    name: 'a request for devices is for exactly one, unless it says otherwise',
    kind: 'resource.k8s.io/v1/ResourceClaim',
    given: {
      spec: {
        devices: {
          requests: [
            { name: 'a', exactly: { deviceClassName: 'c' } },
            { name: 'b', exactly: { deviceClassName: 'c', allocationMode: 'All' } },
            { name: 'c', firstAvailable: [{ name: 'd', deviceClassName: 'c', count: 2 }] },
          ],
        },
      },
    },
    want: {
      spec: {
        devices: {
          requests: [
            { name: 'a', exactly: { deviceClassName: 'c', allocationMode: 'ExactCount', count: 1 } },
            { name: 'b', exactly: { deviceClassName: 'c', allocationMode: 'All' } },
            {
              name: 'c',
              firstAvailable: [{ name: 'd', deviceClassName: 'c', allocationMode: 'ExactCount', count: 2 }],
            },
          ],
        },
      },
    },
  },
];

for (const { name, kind, given, want } of CASES) {
  test(name, () => {
    const normalized = normalizeObject({ ...object(kind), ...given } as KubeObject);

    assert.deepEqual(normalized, { ...object(kind), ...want });
    assert.deepEqual(normalizeObject(normalized), normalized, 'a second time changes nothing');
  });
}

test('a field of a Pod that is read by environment and volumes is of v1, and a token lasts an hour', () => {
  const fieldRef = { fieldPath: 'metadata.name' };
  const items = [{ path: 'name', fieldRef }];
  const pod = {
    ...object('v1/Pod'),
    spec: {
      containers: [{ name: 'a', env: [{ name: 'A', valueFrom: { fieldRef } }] }],
      volumes: [
        { name: 'a', downwardAPI: { items } },
        { name: 'b', projected: { sources: [{ downwardAPI: { items } }, { serviceAccountToken: { path: 't' } }] } },
      ],
    },
  };

  const { spec } = normalizeObject(pod);

  const filled = { apiVersion: 'v1', fieldPath: 'metadata.name' };
  const [, projected] = (spec as typeof pod.spec).volumes;
  assert.deepEqual((spec as typeof pod.spec).containers[0]?.env, [{ name: 'A', valueFrom: { fieldRef: filled } }]);
  assert.deepEqual((spec as typeof pod.spec).volumes[0]?.downwardAPI?.items, [{ path: 'name', fieldRef: filled }]);
  assert.deepEqual(projected?.projected?.sources, [
    { downwardAPI: { items: [{ path: 'name', fieldRef: filled }] } },
    { serviceAccountToken: { path: 't', expirationSeconds: 3600 } },
  ]);
});

test('a Job that ignores a Pod’s condition ignores it where it is true', () => {
  const rules = [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }];
  const job = {
    ...object('batch/v1/Job'),
    spec: { podFailurePolicy: { rules }, template: { spec: { containers: [] } } },
  };

  const { spec } = normalizeObject(job);

  assert.deepEqual((spec as typeof job.spec).podFailurePolicy.rules, [
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
  ]);
});

function object(kind: string): KubeObject {
  const slash = kind.lastIndexOf('/');
  return { apiVersion: kind.slice(0, slash), kind: kind.slice(slash + 1), metadata: { name: 'a' } };
}
