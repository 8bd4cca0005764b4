import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { computeHealth, hasHealthRule } from '../../../src/health/compute-health.ts';
import { parseManifests } from '../../../src/manifest/parse-manifests.ts';

/** One line per fixture; `now` is a day after the pods of the fixtures were created. */
const CASES = [
  { name: 'api-service-not-available', want: 'Current', message: 'Resource is current' },
  { name: 'config-map', want: 'Current', message: 'Resource is always ready' },
  { name: 'cron-job', want: 'Current', message: 'Resource is always ready' },
  { name: 'custom-resource-definition-established', want: 'Current', message: 'CRD is established' },
  { name: 'custom-resource-definition-installing', want: 'InProgress', message: 'Install in progress' },
  { name: 'custom-resource-definition-names-taken', want: 'Failed', message: '"widgets" is already in use' },
  { name: 'custom-resource-definition-no-status', want: 'InProgress', message: 'Install in progress' },
  { name: 'custom-resource-definition-not-accepted', want: 'Failed', message: 'not all names are accepted' },
  {
    name: 'custom-resource-generation-not-observed',
    want: 'InProgress',
    message: 'Widget generation is 5, but latest observed generation is 2',
  },
  { name: 'custom-resource-malformed-conditions', want: 'Unknown', message: 'status.conditions is malformed' },
  { name: 'custom-resource-no-status', want: 'Current', message: 'Resource is current' },
  { name: 'custom-resource-not-ready', want: 'InProgress', message: 'waiting for the database' },
  { name: 'custom-resource-observed-generation-text', want: 'Current', message: 'Resource is Ready' },
  { name: 'custom-resource-ready-unknown', want: 'InProgress', message: 'checking' },
  { name: 'custom-resource-ready', want: 'Current', message: 'Resource is Ready' },
  { name: 'custom-resource-reconciling', want: 'InProgress', message: 'rolling out' },
  { name: 'custom-resource-stalled-false', want: 'Current', message: 'Resource is Ready' },
  { name: 'custom-resource-stalled', want: 'Failed', message: 'spec.size is too large' },
  { name: 'daemon-set-current', want: 'Current', message: 'All replicas scheduled as expected. Replicas: 3' },
  { name: 'daemon-set-no-desired-number', want: 'InProgress', message: 'Missing .status.desiredNumberScheduled' },
  { name: 'daemon-set-no-nodes', want: 'Current', message: 'All replicas scheduled as expected. Replicas: 0' },
  { name: 'daemon-set-not-observed', want: 'InProgress', message: 'DaemonSet status.observedGeneration not found' },
  { name: 'daemon-set-not-ready', want: 'InProgress', message: 'Ready: 2/3' },
  { name: 'daemon-set-too-few-available', want: 'InProgress', message: 'Available: 2/3' },
  { name: 'daemon-set-too-few-scheduled', want: 'InProgress', message: 'Current: 2/3' },
  { name: 'daemon-set-too-few-updated', want: 'InProgress', message: 'Updated: 2/3' },
  { name: 'daemon-set-without-generation', want: 'InProgress', message: 'DaemonSet metadata.generation not found' },
  { name: 'deployment-available-condition-false', want: 'InProgress', message: 'Deployment not Available' },
  { name: 'deployment-available', want: 'Current', message: 'Deployment is available. Replicas: 2' },
  { name: 'deployment-broken-conditions', want: 'Unknown', message: 'status.conditions is malformed' },
  {
    name: 'deployment-generation-not-observed',
    want: 'InProgress',
    message: 'Deployment generation is 3, but latest observed generation is 2',
  },
  { name: 'deployment-no-status', want: 'InProgress', message: 'Replicas: 0/2' },
  { name: 'deployment-not-available', want: 'InProgress', message: 'Available: 1/2' },
  { name: 'deployment-not-ready', want: 'InProgress', message: 'Ready: 1/2' },
  { name: 'deployment-old-pods-left', want: 'InProgress', message: 'Pending termination: 1' },
  { name: 'deployment-progress-deadline', want: 'Failed', message: 'Progress deadline exceeded' },
  { name: 'deployment-progressing', want: 'InProgress', message: 'ReplicaSet not Available' },
  { name: 'deployment-scaled-to-zero', want: 'Current', message: 'Deployment is available. Replicas: 0' },
  { name: 'deployment-terminating', want: 'Terminating', message: 'Resource scheduled for deletion' },
  { name: 'deployment-too-few-updated', want: 'InProgress', message: 'Updated: 1/2' },
  { name: 'deployment-without-deadline', want: 'Current', message: 'Deployment is available. Replicas: 2' },
  { name: 'horizontal-pod-autoscaler', want: 'Current', message: 'Resource is current' },
  { name: 'ingress-without-address', want: 'Current', message: 'Resource is current' },
  { name: 'job-complete', want: 'Current', message: 'Job Completed. succeeded: 2/2' },
  { name: 'job-failed', want: 'Failed', message: 'Job Failed. failed: 7/2' },
  { name: 'job-failing', want: 'InProgress', message: 'Job in progress. success:0, active: 1, failed: 3' },
  { name: 'job-not-started', want: 'InProgress', message: 'Job not started. active: 0/1' },
  { name: 'job-running', want: 'InProgress', message: 'Job in progress. success:1, active: 1, failed: 0' },
  {
    name: 'job-running-suspended-before',
    want: 'InProgress',
    message: 'Job in progress. success:0, active: 1, failed: 0',
  },
  { name: 'job-suspended', want: 'Current', message: 'Job is suspended' },
  { name: 'namespace-terminating', want: 'Terminating', message: 'Resource scheduled for deletion' },
  { name: 'persistent-volume-claim-bound', want: 'Current', message: 'PVC is Bound' },
  { name: 'persistent-volume-claim-no-status', want: 'InProgress', message: 'PVC is not Bound. phase: unknown' },
  { name: 'persistent-volume-claim-pending', want: 'InProgress', message: 'PVC is not Bound. phase: Pending' },
  { name: 'pod-crash-loop', want: 'Failed', message: 'Containers in CrashLoop state: web' },
  {
    name: 'pod-disruption-budget-not-observed',
    want: 'InProgress',
    message: 'PodDisruptionBudget generation is 3, but latest observed generation is 2',
  },
  { name: 'pod-disruption-budget-observed', want: 'Current', message: 'AllowedDisruptions has been computed.' },
  { name: 'pod-failed', want: 'Current', message: 'Pod has completed, but not successfully' },
  { name: 'pod-no-status', want: 'InProgress', message: 'Pod phase not available' },
  { name: 'pod-pending', want: 'InProgress', message: 'Pod is in the Pending phase' },
  { name: 'pod-ready', want: 'Current', message: 'Pod is Ready' },
  { name: 'pod-running-not-ready', want: 'InProgress', message: 'Pod is running but is not Ready' },
  { name: 'pod-succeeded', want: 'Current', message: 'Pod has completed successfully' },
  { name: 'pod-terminating', want: 'Terminating', message: 'Resource scheduled for deletion' },
  { name: 'pod-two-crash-loops', want: 'Failed', message: 'Containers in CrashLoop state: web,log' },
  { name: 'pod-unknown-phase', want: 'Unknown', message: 'unknown phase Unknown' },
  { name: 'pod-unschedulable', want: 'Failed', message: 'Pod could not be scheduled' },
  { name: 'replica-set-current', want: 'Current', message: 'ReplicaSet is available. Replicas: 2' },
  { name: 'replica-set-extra-pods', want: 'InProgress', message: 'Pending termination: 1' },
  { name: 'replica-set-failure', want: 'InProgress', message: 'Replica Failure condition. Check Pods' },
  { name: 'replica-set-no-status', want: 'InProgress', message: 'Labelled: 0/1' },
  { name: 'replica-set-not-available', want: 'InProgress', message: 'Available: 1/2' },
  { name: 'replica-set-not-labelled', want: 'InProgress', message: 'Labelled: 1/2' },
  { name: 'replica-set-not-ready', want: 'InProgress', message: 'Ready: 1/2' },
  { name: 'service-cluster-ip', want: 'Current', message: 'Service is ready' },
  { name: 'service-load-balancer-with-address', want: 'Current', message: 'Service is ready' },
  {
    name: 'service-load-balancer-without-address',
    want: 'InProgress',
    message: 'ClusterIP not set. Service type: LoadBalancer',
  },
  { name: 'stateful-set-current', want: 'Current', message: 'All replicas scheduled as expected. Replicas: 2' },
  { name: 'stateful-set-extra-pods', want: 'InProgress', message: 'Pending termination: 1' },
  { name: 'stateful-set-no-status', want: 'InProgress', message: 'Replicas: 0/1' },
  { name: 'stateful-set-not-ready', want: 'InProgress', message: 'Ready: 1/2' },
  { name: 'stateful-set-old-revision', want: 'InProgress', message: 'Waiting for updated revision to match current' },
  { name: 'stateful-set-on-delete', want: 'Current', message: 'StatefulSet is using the ondelete update strategy' },
  { name: 'stateful-set-partition-complete', want: 'Current', message: 'Partition rollout complete. updated: 2' },
  { name: 'stateful-set-partition-incomplete', want: 'InProgress', message: 'updated: 1/2' },
  { name: 'stateful-set-too-few-current', want: 'InProgress', message: 'current: 1/2' },
  { name: 'stateful-set-too-few-replicas', want: 'InProgress', message: 'Replicas: 1/2' },
] as const;

const FIXTURES = new URL('../../fixtures/health/', import.meta.url);
const NOW = new Date('2026-01-02T00:00:00Z');

for (const { name, want, message } of CASES) {
  test(`${name} is ${want}`, () => {
    const object = readFixture(name);

    const health = computeHealth(object, NOW);

    assert.deepEqual(health, { status: want, message });
  });
}

test('every fixture has its line in the table', () => {
  const fixtures = readdirSync(FIXTURES)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.replace('.yaml', ''));

  assert.deepEqual(fixtures.sort(), CASES.map(({ name }) => name as string).sort());
});

test('an object that does not exist is NotFound', () => {
  assert.deepEqual(computeHealth(undefined), { status: 'NotFound', message: 'Resource not found' });
});

test('a pod that fits nowhere is still in progress within its first 15 seconds', () => {
  const pod = readFixture('pod-unschedulable');

  assert.equal(computeHealth(pod, new Date('2026-01-01T00:00:14Z')).status, 'InProgress');
  assert.equal(computeHealth(pod, new Date('2026-01-01T00:00:15Z')).status, 'Failed');
});

const WATCHED = [
  { group: '', kind: 'ConfigMap', want: false },
  { group: '', kind: 'Secret', want: false },
  { group: 'rbac.authorization.k8s.io', kind: 'ClusterRole', want: false },
  { group: 'batch', kind: 'CronJob', want: false },
  { group: 'example.com', kind: 'ConfigMap', want: true },
  { group: 'example.com', kind: 'Widget', want: true },
  { group: 'apps', kind: 'Deployment', want: true },
  { group: 'networking.k8s.io', kind: 'Ingress', want: true },
];

for (const { group, kind, want } of WATCHED) {
  test(`${kind} of group '${group}' ${want ? 'is watched for its health' : 'is healthy as soon as it exists'}`, () => {
    assert.equal(hasHealthRule({ group, kind }), want);
  });
}

function readFixture(name: string) {
  const [object] = parseManifests(readFileSync(new URL(`${name}.yaml`, FIXTURES), 'utf8'), { file: name });
  assert.ok(object);
  return object;
}
