/**
 * The CustomResourceDefinitions, generated from the schemas of the custom resources. All versions share one schema, so
 * objects are stored and served as they are, without conversion. Installing them is the chart's task.
 */
import { z } from 'zod';
import { gitRepositorySchema, SOURCE_GROUP } from './git-repository.ts';
import type { KubeObject } from './kube-object.ts';
import { KUSTOMIZE_GROUP, kustomizationSchema } from './kustomization.ts';
import { NOTIFICATION_GROUP, receiverSchema } from './receiver.ts';

interface ResourceNames {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
}

interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'date';
  readonly jsonPath: string;
}

interface ResourceDefinition extends ResourceNames {
  readonly schema: z.ZodType;
  readonly columns: readonly PrinterColumn[];
}

const COMMON_COLUMNS: readonly PrinterColumn[] = [
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: 'Status', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].message' },
];

const DEFINITIONS: readonly ResourceDefinition[] = [
  {
    group: SOURCE_GROUP,
    kind: 'GitRepository',
    plural: 'gitrepositories',
    shortNames: ['gitrepo'],
    categories: ['all', 'fluxcd', 'fluxcd-sources'],
    schema: gitRepositorySchema,
    columns: [{ name: 'URL', type: 'string', jsonPath: '.spec.url' }, ...COMMON_COLUMNS],
  },
  {
    group: KUSTOMIZE_GROUP,
    kind: 'Kustomization',
    plural: 'kustomizations',
    shortNames: ['ks'],
    categories: ['all', 'fluxcd', 'fluxcd-appliers'],
    schema: kustomizationSchema,
    columns: COMMON_COLUMNS,
  },
  {
    group: NOTIFICATION_GROUP,
    kind: 'Receiver',
    plural: 'receivers',
    shortNames: [],
    categories: ['all', 'fluxcd', 'fluxcd-notifications'],
    schema: receiverSchema,
    columns: COMMON_COLUMNS,
  },
];

/** Served versions; the first one is stored. The older ones are not marked deprecated: nobody shall be nagged for it. */
const VERSIONS = ['v1', 'v1beta2', 'v1beta1'] as const;

/** All CRDs; `version` is Hawser's own, such as `v0.1.0`, for the label that the flux CLI shows. */
export function toCustomResourceDefinitions(version: string): KubeObject[] {
  return DEFINITIONS.map((definition) => toDefinition(definition, version));
}

function toDefinition({ schema, columns, ...names }: ResourceDefinition, version: string): KubeObject {
  const openAPIV3Schema = toOpenApiSchema(schema);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${names.plural}.${names.group}`,
      // Descriptions are no templates: variable substitution must leave them alone.
      annotations: { 'kustomize.toolkit.fluxcd.io/substitute': 'disabled' },
      labels: {
        'app.kubernetes.io/component': 'hawser',
        'app.kubernetes.io/part-of': 'flux',
        'app.kubernetes.io/version': version,
      },
    },
    spec: {
      group: names.group,
      names: toNames(names),
      scope: 'Namespaced',
      conversion: { strategy: 'None' },
      versions: VERSIONS.map((name, index) => ({
        name,
        served: true,
        storage: index === 0,
        additionalPrinterColumns: columns,
        schema: { openAPIV3Schema },
        subresources: { status: {} },
      })),
    },
  };
}

function toNames({ kind, plural, shortNames, categories }: ResourceNames): Record<string, unknown> {
  const names = { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() };
  // The API server drops an empty list, and so every apply of it would be a change.
  return shortNames.length === 0 ? { ...names, categories } : { ...names, shortNames, categories };
}

/** An OpenAPI schema as far as the API server allows it ("structural"); what zod adds beyond that is taken out. */
function toOpenApiSchema(schema: z.ZodType): unknown {
  const { $schema: _, ...root } = z.toJSONSchema(schema, { io: 'input', reused: 'inline', override: toStructural });
  const properties = root.properties as Record<string, Record<string, unknown>>;
  return {
    ...root,
    required: ['spec'],
    properties: {
      ...properties,
      kind: { type: 'string', description: properties.kind?.description },
      // The API server owns the schema of metadata and refuses any other.
      metadata: { type: 'object' },
      status: { ...properties.status, default: { observedGeneration: -1 } },
    },
  };
}

function toStructural({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodTypes;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}) {
  delete jsonSchema.propertyNames;
  // A regular expression's source escapes slashes; people read the pattern in the API server's refusals.
  if (jsonSchema.pattern !== undefined) jsonSchema.pattern = jsonSchema.pattern.replaceAll('\\/', '/');
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (zodSchema._zod.def.type === 'unknown') jsonSchema['x-kubernetes-preserve-unknown-fields'] = true;
}
