/**
 * The shape of any Kubernetes object, as JSON, and how objects are named. Pure data: reading and writing
 * objects is kube's task. Unknown fields are kept: a dropped field would be a deleted field in the cluster.
 */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  creationTimestamp?: string;
  deletionTimestamp?: string;
  managedFields?: ManagedFieldsEntry[];
  [field: string]: unknown;
}

export interface ManagedFieldsEntry {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  time?: string;
  fieldsType?: string;
  fieldsV1?: unknown;
  subresource?: string;
}

/** Names one object of any kind; `group` and `namespace` are empty for the core group and cluster-scoped objects. */
export interface ObjectRef {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Splits `apps/v1` into group and version; the core group is empty. */
export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  return slash < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

export function toApiVersion(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}

export function refOf(object: KubeObject): ObjectRef {
  const { group, version } = parseApiVersion(object.apiVersion);
  return { group, version, kind: object.kind, namespace: object.metadata.namespace ?? '', name: object.metadata.name };
}

/** `Deployment/default/api`, or `ClusterRole/reader` for cluster-scoped objects: how people are told about an object. */
export function formatSubject(ref: Pick<ObjectRef, 'kind' | 'namespace' | 'name'>): string {
  return ref.namespace === '' ? `${ref.kind}/${ref.name}` : `${ref.kind}/${ref.namespace}/${ref.name}`;
}

/** The identity of an object in maps: group, kind, namespace and name, without the version. */
export function identityOf(ref: Omit<ObjectRef, 'version'>): string {
  return `${ref.group}/${ref.kind}/${ref.namespace}/${ref.name}`;
}
