import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatusObject } from '../../../src/commit-status/match-alerts.ts';
import { toStatusEvent } from '../../../src/commit-status/to-status-event.ts';
import type { Alert } from '../../../src/model/alert.ts';

const REVISION = `main@sha1:${'a'.repeat(40)}`;
const ANNOTATIONS = {
  'event.toolkit.fluxcd.io/env': 'of the object',
  'event.toolkit.fluxcd.io/team': 'blue',
  'event.toolkit.fluxcd.io/revision': 'mine',
  'example.com/other': 'x',
};
const WEB: StatusObject = {
  kind: 'Kustomization',
  namespace: 'shop',
  name: 'web',
  object: {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { namespace: 'shop', name: 'web', uid: 'uid-1', resourceVersion: '7', annotations: ANNOTATIONS },
    status: { conditions: [{ type: 'Ready', status: 'False', reason: 'HealthCheckFailed' }] },
  },
};
const SAID = { state: 'failure', description: 'Deployment/shop/web is not healthy', at: 1_700_000_000_500 } as const;
const METADATA = { commit_status: 'update', revision: REVISION };

interface Case {
  readonly name: string;
  readonly about: StatusObject;
  readonly state?: 'success' | 'pending' | 'error';
  readonly spec?: Partial<Alert['spec']>;
  readonly want: object;
}

const CASES: readonly Case[] = [
  {
    name: 'is whole',
    about: WEB,
    spec: { eventMetadata: { env: 'of the Alert', commit_status: 'x' }, summary: 'live' },
    want: {
      involvedObject: {
        kind: 'Kustomization',
        namespace: 'shop',
        name: 'web',
        uid: 'uid-1',
        apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
        resourceVersion: '7',
      },
      severity: 'error',
      timestamp: '2023-11-14T22:13:20Z',
      message: 'Deployment/shop/web is not healthy',
      reason: 'HealthCheckFailed',
      metadata: { ...METADATA, env: 'of the Alert', team: 'blue', summary: 'live' },
      reportingController: 'kustomize-controller',
      reportingInstance: 'pod-0',
    },
  },
  {
    name: 'of an object that is gone still names it',
    about: { kind: 'GitRepository', namespace: 'shop', name: 'app' },
    state: 'success',
    want: {
      involvedObject: {
        kind: 'GitRepository',
        namespace: 'shop',
        name: 'app',
        uid: undefined,
        apiVersion: 'source.toolkit.fluxcd.io/v1',
        resourceVersion: undefined,
      },
      severity: 'info',
      timestamp: '2023-11-14T22:13:20Z',
      message: 'Deployment/shop/web is not healthy',
      reason: 'info',
      metadata: METADATA,
      reportingController: 'source-controller',
      reportingInstance: 'pod-0',
    },
  },
];

for (const { name, about, state, spec, want } of CASES) {
  test(`the event of a commit status ${name}`, () => {
    const alert = { metadata: { namespace: 'shop', name: 'git' }, spec: { providerRef: { name: 'git' }, ...spec } };
    const subject = { revision: REVISION, said: state ? { ...SAID, state } : SAID };

    assert.deepEqual(toStatusEvent(about, { subject, alert, instance: 'pod-0' }), want);
  });
}
