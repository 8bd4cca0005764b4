import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toConnectionError, toKubeError } from '../../../src/kube/to-kube-error.ts';
import type { KubeObject } from '../../../src/model/kube-object.ts';

const secret = (fields: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 's' },
  ...fields,
});
const status = (message: string, rest: object = {}) => JSON.stringify({ kind: 'Status', message, ...rest });

interface Case {
  readonly name: string;
  readonly given: Parameters<typeof toKubeError>[0];
  readonly want: Readonly<Record<string, unknown>>;
}

const CASES: readonly Case[] = [
  {
    name: 'a missing object',
    given: { status: 404, body: status('pods "p" not found', { reason: 'NotFound' }) },
    want: { code: 'KUBE_NOT_FOUND', disposition: 'retry', isNotFound: true, message: 'pods "p" not found' },
  },
  {
    name: 'the plain text of a path that nobody serves',
    given: { status: 404, body: '404 page not found\n', notServed: 'no matches for kind "W" in version "e/v1"' },
    want: { code: 'KUBE_KIND_NOT_SERVED', isNotFound: false, message: 'no matches for kind "W" in version "e/v1"' },
  },
  {
    name: 'an object that changed meanwhile',
    given: { status: 409, body: status('the object has been modified', { reason: 'Conflict' }) },
    want: { code: 'KUBE_CONFLICT', disposition: 'retry', isConflict: true },
  },
  {
    name: 'an object that exists already is no precondition that failed',
    given: { status: 409, body: status('already exists', { reason: 'AlreadyExists' }) },
    want: { code: 'KUBE_CONFLICT', isConflict: false, kubeReason: 'AlreadyExists' },
  },
  {
    name: 'an expired version',
    given: { status: 410, body: status('too old resource version', { reason: 'Expired' }) },
    want: { isExpired: true, disposition: 'retry' },
  },
  {
    name: 'an immutable field',
    given: {
      status: 422,
      body: status('Job.batch "j" is invalid: spec.template: Invalid value: {}: field is immutable', {
        reason: 'Invalid',
      }),
    },
    want: { code: 'KUBE_REJECTED', disposition: 'stalled', isImmutable: true },
  },
  {
    name: 'a namespace on its way out',
    given: {
      status: 403,
      body: status('forbidden', { reason: 'Forbidden', details: { causes: [{ reason: 'NamespaceTerminating' }] } }),
    },
    want: { code: 'KUBE_FORBIDDEN', disposition: 'retry', isNamespaceTerminating: true },
  },
  {
    name: 'a field without a schema, which is a 500 and yet final',
    given: {
      status: 500,
      body: status('failed to create typed patch object (d/w; e/v1, Kind=W): .spec.x: field not declared in schema'),
    },
    want: { code: 'KUBE_REJECTED', disposition: 'stalled', isFieldNotDeclared: true },
  },
  {
    name: 'a single field without a schema, by its path',
    given: {
      status: 500,
      body: status(
        'failed to create typed patch object (ns/d; apps/v1, Kind=Deployment): .typo: field not declared in schema',
      ),
    },
    want: { undeclaredFields: ['.typo'] },
  },
  {
    name: 'several fields without a schema, among other errors',
    given: {
      status: 500,
      body: status(
        [
          'failed to create typed patch object (ns/d; apps/v1, Kind=Deployment): errors:',
          '  .spec.replicas: expected numeric (int or float), got string',
          '  .spec.template.spec.containers[name="a: b"].foo: field not declared in schema',
          '  .spec.template.spec.tolerations[0].bad: field not declared in schema',
        ].join('\n'),
      ),
    },
    want: {
      undeclaredFields: ['.spec.template.spec.containers[name="a: b"].foo', '.spec.template.spec.tolerations[0].bad'],
    },
  },
  {
    name: 'an object managed by a version that is gone',
    given: { status: 500, body: status('request to convert CR to an invalid group/version: e/v1beta2') },
    want: { code: 'KUBE_REJECTED', isManagedByUnservedVersion: true },
  },
  {
    name: 'a value that its kind cannot hold, which is a 500 and yet final',
    given: {
      status: 500,
      body: status(
        'failed to convert new object (d/p; /v1, Kind=Pod) to proper version: unable to convert unstructured object to /v1, Kind=Pod: quantities must match the regular expression',
      ),
    },
    want: { code: 'KUBE_REJECTED', disposition: 'stalled' },
  },
  {
    name: 'an object that etcd does not take',
    given: { status: 500, body: status('etcdserver: request is too large') },
    want: { code: 'KUBE_REJECTED', disposition: 'stalled' },
  },
  {
    name: 'a webhook that is down',
    given: { status: 500, body: status('failed calling webhook "w": connection refused', { reason: 'InternalError' }) },
    want: { code: 'KUBE_UNAVAILABLE', disposition: 'retry' },
  },
  {
    name: 'a webhook that says no may say yes later',
    given: { status: 400, body: status('admission webhook "w" denied the request: not yet', { reason: 'BadRequest' }) },
    want: { code: 'KUBE_REJECTED', disposition: 'retry' },
  },
  {
    name: 'an answer without a body',
    given: { status: 502, body: '' },
    want: { code: 'KUBE_UNAVAILABLE', message: 'HTTP status 502' },
  },
  {
    name: "a Secret's value, quoted as invalid",
    given: { status: 422, body: status('data: Invalid value: "can\\"ary": bad'), sent: secret({}) },
    want: { message: 'data: Invalid value: [redacted]: bad' },
  },
  {
    name: "a Secret's value, decoded",
    given: {
      status: 400,
      body: status('cannot use canary here'),
      sent: secret({ data: { a: Buffer.from('canary').toString('base64') } }),
    },
    want: { message: 'cannot use [redacted] here' },
  },
];

for (const { name, given, want } of CASES) {
  test(name, () => {
    const error = toKubeError(given);

    const actual = Object.fromEntries(Object.keys(want).map((key) => [key, error[key as keyof typeof error]]));
    assert.deepEqual(actual, want);
  });
}

test('a broken connection names the API server and the cause', () => {
  const error = toConnectionError(new Error('other side closed'), new URL('https://10.0.0.1:6443/prefix'));

  assert.equal(error.message, 'the API server at 10.0.0.1:6443 cannot be reached: other side closed');
  assert.equal(error.disposition, 'retry');
});
