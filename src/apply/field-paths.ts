/** Fields as managedFields names them (FieldsV1), turned into paths that people read. */
import type { ManagedFieldsEntry } from '../model/kube-object.ts';

type FieldSet = Readonly<Record<string, unknown>>;

/** The paths of the leaves of a FieldsV1 tree that another lacks, such as `spec.template.spec.containers[name="web"].image`. Pure. */
export function pathsMissing(fields: unknown, other: unknown): string[] {
  return collect(asFields(fields), asFields(other), '');
}

/** Whether a FieldsV1 tree holds a path, or something below or above it. */
function holdsPath(fields: unknown, path: string): boolean {
  const paths = pathsMissing(fields, {});
  return paths.some((own) => own === path || own.startsWith(`${path}.`) || path.startsWith(`${own}.`));
}

/** The manager, other than `own`, that owns a path; the one that wrote last if there are several. */
export function managerOf(entries: readonly ManagedFieldsEntry[], path: string, own: string): string | undefined {
  return entries
    .filter(({ manager, operation }) => manager !== own || operation !== 'Apply')
    .filter(({ fieldsV1 }) => holdsPath(fieldsV1, path))
    .sort((a, b) => (b.time ?? '').localeCompare(a.time ?? ''))[0]?.manager;
}

function collect(fields: FieldSet, other: FieldSet, path: string): string[] {
  return Object.entries(fields).flatMap(([key, below]) => {
    if (key === '.') return [];
    const here = join(path, key);
    const rest = asFields(below);
    const isLeaf = Object.keys(rest).every((name) => name === '.');
    if (!(key in other)) return isLeaf ? [here] : collect(rest, {}, here);
    return isLeaf ? [] : collect(rest, asFields(other[key]), here);
  });
}

/** `f:spec` is a field, `k:{"name":"web"}` an item of a list by its keys, `v:"x"` an item of a set. */
function join(path: string, key: string): string {
  const [kind, rest] = [key.slice(0, 2), key.slice(2)];
  if (kind === 'k:') return `${path}[${describeKeys(rest)}]`;
  if (kind === 'v:' || kind === 'i:') return `${path}[${rest}]`;
  if (/[./]/.test(rest)) return `${path}["${rest}"]`;
  return path === '' ? rest : `${path}.${rest}`;
}

function describeKeys(json: string): string {
  const keys = JSON.parse(json) as Record<string, unknown>;
  return Object.entries(keys)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',');
}

function asFields(value: unknown): FieldSet {
  return value !== null && typeof value === 'object' ? (value as FieldSet) : {};
}
