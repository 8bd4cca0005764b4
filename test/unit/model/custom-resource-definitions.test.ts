import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toCustomResourceDefinitions } from '../../../src/model/custom-resource-definitions.ts';

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly required?: readonly string[];
  readonly [keyword: string]: unknown;
}

interface Version {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly deprecated?: boolean;
  readonly schema: { readonly openAPIV3Schema: Schema };
}

const definitions = toCustomResourceDefinitions('v1.2.3').map((definition) => {
  const { versions, names } = definition.spec as { versions: Version[]; names: { kind: string } };
  return { definition, versions, kind: names.kind, schema: versions[0]?.schema.openAPIV3Schema ?? {} };
});

/** Every schema inside a schema, by path. */
function* walk(schema: Schema, path: string): Generator<[string, Schema]> {
  yield [path, schema];
  for (const [name, property] of Object.entries(schema.properties ?? {})) yield* walk(property, `${path}.${name}`);
  if (schema.items) yield* walk(schema.items, `${path}[]`);
  if (schema.additionalProperties) yield* walk(schema.additionalProperties, `${path}{}`);
}

/** All that a structural schema may hold, as far as it is used here: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/ */
const KNOWN_KEYWORDS = new Set([
  'type',
  'description',
  'default',
  'properties',
  'items',
  'additionalProperties',
  'required',
  'enum',
  'pattern',
  'format',
  'minimum',
  'minLength',
  'maxLength',
  'x-kubernetes-validations',
  'x-kubernetes-preserve-unknown-fields',
]);

const defaults = [
  {
    kind: 'GitRepository',
    want: { '.spec.timeout': '60s', '.spec.verify.mode': 'HEAD', '.status': { observedGeneration: -1 } },
  },
  {
    kind: 'Kustomization',
    want: {
      '.spec.postBuild.substituteFrom[].optional': false,
      '.spec.force': false,
      '.status': { observedGeneration: -1 },
    },
  },
  { kind: 'Receiver', want: { '.spec.interval': '10m', '.status': { observedGeneration: -1 } } },
];

const required = [
  { kind: 'Receiver', want: ['type', 'resources'] },
  { kind: 'GitRepository', want: ['url', 'interval'] },
  { kind: 'Kustomization', want: ['interval', 'sourceRef', 'prune'] },
];

describe('the CRDs', () => {
  for (const { kind, schema, versions, definition } of definitions) {
    test(`${kind} describes every field`, () => {
      const fields = [...walk(schema, '')].filter(([path]) => path !== '.metadata' && !/(\[\]|\{\})$/.test(path));

      assert.ok(fields.length > 30);
      assert.deepEqual(
        fields.filter(([, field]) => !field.description).map(([path]) => path),
        [],
      );
    });

    test(`${kind} uses only what a structural schema may hold`, () => {
      const keywords = [...walk(schema, '')].flatMap(([path, field]) =>
        Object.keys(field).map((keyword) => [path, keyword]),
      );

      assert.deepEqual(
        keywords.filter(([, keyword]) => !KNOWN_KEYWORDS.has(keyword ?? '')),
        [],
      );
    });

    test(`${kind} serves v1, which is stored, and v1beta2 and v1beta1 by the same schema and without a warning`, () => {
      assert.deepEqual(
        versions.map(({ name, served, storage, deprecated = false }) => ({ name, served, storage, deprecated })),
        [
          { name: 'v1', served: true, storage: true, deprecated: false },
          { name: 'v1beta2', served: true, storage: false, deprecated: false },
          { name: 'v1beta1', served: true, storage: false, deprecated: false },
        ],
      );
      for (const older of versions.slice(1)) assert.deepEqual(older.schema, versions[0]?.schema);
    });

    test(`${kind} carries the labels that the flux CLI looks for`, () => {
      assert.deepEqual(definition.metadata.labels, {
        'app.kubernetes.io/component': 'hawser',
        'app.kubernetes.io/part-of': 'flux',
        'app.kubernetes.io/version': 'v1.2.3',
      });
    });
  }

  for (const { kind, want } of defaults) {
    test(`${kind} has defaults for v1's fields only`, () => {
      const { schema } = definitions.find((candidate) => candidate.kind === kind)!;

      const found = [...walk(schema, '')]
        .filter(([, field]) => 'default' in field)
        .map(([path, field]) => [path, field.default]);

      assert.deepEqual(Object.fromEntries(found), want);
    });
  }

  for (const { kind, want } of required) {
    test(`${kind} demands ${want.join(', ')}`, () => {
      const { schema } = definitions.find((candidate) => candidate.kind === kind)!;

      assert.deepEqual([...(schema.properties?.spec?.required ?? [])].sort(), [...want].sort());
    });
  }
});
