import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutField } from '../../../src/apply/without-field.ts';

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  typo: 1,
  spec: {
    labels: { 'a.b': { bad: 1 }, a: { c: 2 } },
    tolerations: [{ key: 'a' }, { key: 'b', bad: 1 }],
    containers: [
      { name: 'sidecar', foo: 1 },
      { name: 'w]e"b', foo: 2, ports: [{ containerPort: 80, bar: 1 }, { containerPort: 81 }] },
    ],
  },
};

type Change = (copy: typeof POD) => unknown;

interface Case {
  readonly name: string;
  readonly path: string;
  /** What the result differs by; undefined for a path that leads nowhere. */
  readonly want: Change | undefined;
}

const CASES: readonly Case[] = [
  { name: 'a field of the object itself', path: '.typo', want: (pod) => Reflect.deleteProperty(pod, 'typo') },
  {
    name: 'a field below a name that holds a dot',
    path: '.spec.labels.a.b.bad',
    want: (pod) => Reflect.deleteProperty(pod.spec.labels['a.b'], 'bad'),
  },
  {
    name: 'a field of a list item by its position',
    path: '.spec.tolerations[1].bad',
    want: (pod) => Reflect.deleteProperty(pod.spec.tolerations[1] ?? {}, 'bad'),
  },
  {
    name: 'a field of a list item by its key, in quotes and brackets',
    path: '.spec.containers[name="w]e\\"b"].foo',
    want: (pod) => Reflect.deleteProperty(pod.spec.containers[1] ?? {}, 'foo'),
  },
  {
    name: 'a field of a list item by keys of which one has its default',
    path: '.spec.containers[name="w]e\\"b"].ports[containerPort=80,protocol="TCP"].bar',
    want: (pod) => Reflect.deleteProperty(pod.spec.containers[1]?.ports?.[0] ?? {}, 'bar'),
  },
  { name: 'a field that is not there', path: '.spec.missing', want: undefined },
  { name: 'a list item that is not there', path: '.spec.tolerations[7].bad', want: undefined },
  { name: 'a list item itself', path: '.spec.tolerations[0]', want: undefined },
  { name: 'a selector that makes no sense', path: '.spec.tolerations[=].bad', want: undefined },
  { name: 'the whole object', path: '', want: undefined },
];

for (const { name, path, want } of CASES) {
  test(`${name} ${want ? 'is left out, and nothing else' : 'is nothing that could be left out'}`, () => {
    const given = structuredClone(POD);

    const left = withoutField(given, path);

    const expected = structuredClone(POD);
    want?.(expected);
    assert.deepEqual(left, want && expected);
    assert.deepEqual(given, POD);
  });
}
