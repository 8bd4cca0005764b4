import { HawserError } from '../src/errors/hawser-error.ts';
import { toCustomResourceDefinitions } from '../src/model/custom-resource-definitions.ts';
import type { Kustomization } from '../src/model/kustomization.ts';
import type { Receiver } from '../src/model/receiver.ts';
import { refuseUnsupportedReceiver } from '../src/receiver/read-receiver.ts';
import { refuseUnsupportedKustomization } from '../src/sync/find-unsupported.ts';
import { renderTable } from './render-table.ts';

/** As much of an OpenAPI schema as the tables show. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
}

interface Field {
  /** Names from `spec` or `status` down; `[]` stands for the items of a list. */
  readonly path: readonly string[];
  readonly schema: Schema;
  readonly required: boolean;
}

type Spec = Readonly<Record<string, unknown>>;

interface Resource {
  readonly minimal: Spec;
  /** Throws FIELD_UNSUPPORTED, or for a Receiver RECEIVER_INVALID, for what this version does not carry out. */
  readonly refuse: (spec: Spec) => void;
}

const RESOURCES: Readonly<Record<string, Resource>> = {
  GitRepository: {
    minimal: { url: 'https://git.example.com/app', interval: '1m' },
    refuse: () => undefined,
  },
  Kustomization: {
    minimal: { interval: '1m', prune: true, sourceRef: { kind: 'GitRepository', name: 'app' } },
    refuse: (spec) => refuseUnsupportedKustomization({ spec } as unknown as Kustomization),
  },
  Receiver: {
    minimal: { type: 'github', secretRef: { name: 'token' }, resources: [] },
    refuse: (spec) => refuseUnsupportedReceiver({ spec } as unknown as Receiver),
  },
};

const REFUSALS: readonly string[] = ['FIELD_UNSUPPORTED', 'RECEIVER_INVALID'];

/** Tables of every field of a kind: what it means, and whether this version carries it out, found by trying. */
export function renderFieldTables(kind: string): { readonly spec: string; readonly status: string } {
  const schema = findSchema(kind);
  const resource = RESOURCES[kind];
  if (!resource) throw new Error(`no minimal spec is known for ${kind}`);
  const specRows = listFields(schema, 'spec').map((field) => [...describe(field), describeSupport(field, resource)]);
  return {
    spec: renderTable(['Field', 'Type', 'Meaning', 'Supported'], specRows),
    status: renderTable(['Field', 'Type', 'Meaning'], listFields(schema, 'status').map(describe)),
  };
}

function findSchema(kind: string): Schema {
  for (const definition of toCustomResourceDefinitions('v0.0.0')) {
    const spec = definition.spec as { names: { kind: string }; versions: { schema: { openAPIV3Schema: Schema } }[] };
    const [version] = spec.versions;
    if (spec.names.kind === kind && version) return version.schema.openAPIV3Schema;
  }
  throw new Error(`no CRD of kind ${kind}`);
}

function listFields(root: Schema, part: 'spec' | 'status'): Field[] {
  const schema = root.properties?.[part] ?? {};
  return listChildren(schema, [part]);
}

function listChildren(schema: Schema, path: readonly string[]): Field[] {
  const children = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const required = schema.required?.includes(name) ?? false;
    const field = { path: [...path, name], schema: child, required };
    return [field, ...listChildren(child, field.path)];
  });
  return schema.items ? [...children, ...listChildren(schema.items, [...path, '[]'])] : children;
}

function describe({ path, schema, required }: Field): string[] {
  const name = path.join('.').replaceAll('.[]', '[]');
  const fallback = schema.default === undefined ? '' : ` Default: \`${JSON.stringify(schema.default)}\`.`;
  const values = schema.enum ? ` One of ${schema.enum.map((value) => `\`${value}\``).join(', ')}.` : '';
  return [
    `\`${name}\`${required ? ' *' : ''}`,
    describeType(schema),
    `${schema.description ?? ''}${values}${fallback}`,
  ];
}

function describeType(schema: Schema): string {
  if (schema.items) return `list of ${describeType(schema.items)}s`;
  if (schema.additionalProperties) return 'map';
  return schema.type ?? 'any value';
}

/** `yes`, `not yet`, or the values that are not supported yet. */
function describeSupport(field: Field, resource: Resource): string {
  const values = field.schema.enum ?? [sample(field.schema)];
  const refused = values.filter((value) =>
    isRefused(withValue(resource.minimal, field.path.slice(1), value), resource),
  );
  if (refused.length === 0) return 'yes';
  if (refused.length === values.length) return 'not yet';
  return `not yet: ${refused.map((value) => `\`${value}\``).join(', ')}`;
}

function isRefused(spec: Spec, resource: Resource): boolean {
  try {
    resource.refuse(spec);
    return false;
  } catch (error) {
    if (error instanceof HawserError && REFUSALS.includes(error.code)) return true;
    throw error;
  }
}

function withValue(target: Spec, [name = '', ...rest]: readonly string[], value: unknown): Spec {
  if (rest[0] === '[]') return { ...target, [name]: [rest.length === 1 ? value : withValue({}, rest.slice(1), value)] };
  if (rest.length === 0) return { ...target, [name]: isObject(value) ? { ...(target[name] ?? {}), ...value } : value };
  return { ...target, [name]: withValue((target[name] ?? {}) as Spec, rest, value) };
}

function isObject(value: unknown): value is Spec {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value that counts as set; of an object with fields nothing but the object, because its fields have lines of their own. */
function sample(schema: Schema): unknown {
  if (schema.enum) return schema.enum[0];
  if (schema.items) return [sample(schema.items)];
  if (schema.additionalProperties) return { name: 'value' };
  if (schema.properties) return {};
  return schema.type === 'boolean' ? true : 'https://example.com';
}
