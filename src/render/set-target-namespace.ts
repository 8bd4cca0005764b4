import { type KubeObject, parseApiVersion } from '../model/kube-object.ts';
import { isClusterScoped } from './cluster-scoped-kinds.ts';
import { type Fields, isFields } from './fields.ts';

/** kustomize's name for "no namespace written". */
const DEFAULT_NAMESPACE = 'default';

type Rewrite = (object: KubeObject, namespace: string) => KubeObject;

/** Fields beside `metadata.namespace` that kustomize's namespace transformer sets, by kind. */
const REWRITES: Readonly<Record<string, { readonly group?: string; readonly rewrite: Rewrite }>> = {
  Namespace: { group: '', rewrite: renameNamespace },
  RoleBinding: { rewrite: setDefaultSubjects },
  ClusterRoleBinding: { rewrite: setDefaultSubjects },
  APIService: { group: 'apiregistration.k8s.io', rewrite: setApiServiceNamespace },
  CustomResourceDefinition: { group: 'apiextensions.k8s.io', rewrite: setConversionWebhookNamespace },
};

/** Where objects stood before: by `kind/name`, the namespaces of the ServiceAccounts and Services of a set. */
type Origins = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Moves a set of objects into a namespace exactly as kustomize's namespace transformer does, references from role
 * bindings to ServiceAccounts and from webhooks to Services of the set included. Kinds that kustomize does not know
 * count as namespaced.
 */
export function setTargetNamespace(objects: readonly KubeObject[], namespace: string): KubeObject[] {
  const origins = originsOf(objects);
  return objects.map((object) => redirectReferences(moveObject(object, namespace), origins, namespace));
}

function moveObject(object: KubeObject, namespace: string): KubeObject {
  const moved = isClusterScoped(object) ? object : { ...object, metadata: { ...object.metadata, namespace } };
  const entry = Object.hasOwn(REWRITES, object.kind) ? REWRITES[object.kind] : undefined;
  if (!entry || (entry.group !== undefined && entry.group !== parseApiVersion(object.apiVersion).group)) return moved;
  return entry.rewrite(moved, namespace);
}

/** A `v1` Namespace takes the target's name: the set brings the namespace that it goes to. */
function renameNamespace(object: KubeObject, namespace: string): KubeObject {
  return { ...object, metadata: { ...object.metadata, name: namespace } };
}

function setDefaultSubjects(object: KubeObject, namespace: string): KubeObject {
  return mapSubjects(object, (subject) => (subject.name === 'default' ? { ...subject, namespace } : subject));
}

function setApiServiceNamespace(object: KubeObject, namespace: string): KubeObject {
  const spec = isFields(object.spec) ? object.spec : {};
  const service = isFields(spec.service) ? spec.service : {};
  return { ...object, spec: { ...spec, service: { ...service, namespace } } };
}

function setConversionWebhookNamespace(object: KubeObject, namespace: string): KubeObject {
  return updateField(object, ['spec', 'conversion', 'webhook', 'clientConfig', 'service'], (service) =>
    'namespace' in service ? { ...service, namespace } : service,
  ) as KubeObject;
}

function originsOf(objects: readonly KubeObject[]): Origins {
  const origins = new Map<string, Set<string>>();
  for (const object of objects) {
    const isReferable = object.kind === 'ServiceAccount' || object.kind === 'Service';
    if (!isReferable || parseApiVersion(object.apiVersion).version !== 'v1') continue;
    const key = `${object.kind}/${object.metadata.name}`;
    const namespaces = origins.get(key) ?? new Set();
    origins.set(key, namespaces.add(object.metadata.namespace || DEFAULT_NAMESPACE));
  }
  return origins;
}

function redirectReferences(object: KubeObject, origins: Origins, namespace: string): KubeObject {
  const { group } = parseApiVersion(object.apiVersion);
  if (group === 'rbac.authorization.k8s.io' && object.kind.endsWith('RoleBinding')) {
    return mapSubjects(object, (subject) => redirect(subject, { kind: 'ServiceAccount', origins, namespace }));
  }
  if (group === 'admissionregistration.k8s.io' && object.kind.endsWith('WebhookConfiguration')) {
    return mapItems(object, 'webhooks', (webhook) =>
      updateField(webhook, ['clientConfig', 'service'], (service) =>
        redirect(service, { kind: 'Service', origins, namespace }),
      ),
    );
  }
  return object;
}

/** Follows a referred object of the set: one of that name, and of that original namespace where one is written. */
function redirect(reference: Fields, to: { kind: string; origins: Origins; namespace: string }): Fields {
  const namespaces = to.origins.get(`${to.kind}/${reference.name}`);
  if (!namespaces) return reference;
  const isMeant = !('namespace' in reference) || namespaces.has(String(reference.namespace));
  return isMeant ? { ...reference, namespace: to.namespace } : reference;
}

function mapSubjects(object: KubeObject, change: (subject: Fields) => Fields): KubeObject {
  return mapItems(object, 'subjects', change);
}

function mapItems(object: KubeObject, field: string, change: (item: Fields) => Fields): KubeObject {
  const items = object[field];
  if (!Array.isArray(items)) return object;
  return { ...object, [field]: items.map((item) => (isFields(item) ? change(item) : item)) };
}

function updateField(fields: Fields, path: readonly string[], change: (value: Fields) => Fields): Fields {
  const [name, ...rest] = path;
  if (name === undefined) return change(fields);
  const value = fields[name];
  return isFields(value) ? { ...fields, [name]: updateField(value, rest, change) } : fields;
}
