import { isPlainObject, type PlainObject } from './plain-object.ts';

type Fill = (struct: PlainObject) => PlainObject;

const RBAC_GROUP = 'rbac.authorization.k8s.io';
const ANY_SCOPE = fill({ scope: '*' });
const ONE_DEVICE = fill({ allocationMode: 'ExactCount' });

/**
 * What the API server fills in within values that server-side apply takes as a whole (atomic lists and structs), or
 * where Go writes a zero, by type. Left out of a payload, it differs from what is stored, so that each apply is a change
 * to the API server, and a write as soon as another manager applies to the object as well. Filling it in changes nobody's
 * ownership: such a value is owned whole. From the defaulting functions in k8s.io/kubernetes/pkg/apis.
 */
export const SERVER_DEFAULTS: Readonly<Record<string, Fill>> = {
  DeviceSubRequest: (request) => withCount(ONE_DEVICE(request)),
  EndpointPort: fill({ protocol: 'TCP' }),
  EndpointSlice: fillItems('ports', fill({ name: '', protocol: 'TCP' })),
  ExactDeviceRequest: (request) => withCount(ONE_DEVICE(request)),
  LimitRangeItem: fillLimits,
  MatchResources: fill({ namespaceSelector: {}, objectSelector: {}, matchPolicy: 'Equivalent' }),
  NamedRuleWithOperations: ANY_SCOPE,
  NetworkPolicyEgressRule: fillItems('ports', fill({ protocol: 'TCP' })),
  NetworkPolicyIngressRule: fillItems('ports', fill({ protocol: 'TCP' })),
  ObjectFieldSelector: fill({ apiVersion: 'v1' }),
  PodFailurePolicyOnPodConditionsPattern: fill({ status: 'True' }),
  RoleRef: fill({ apiGroup: RBAC_GROUP }),
  RuleWithOperations: ANY_SCOPE,
  ServiceAccountTokenProjection: fill({ expirationSeconds: 3600 }),
  ServicePort: (port) => fill({ targetPort: port.port })(port),
  StatefulSetSpec: fillItems('volumeClaimTemplates', fillClaimTemplate),
  'Subject.rbac.v1': (subject) =>
    subject.kind === 'ServiceAccount' ? subject : fill({ apiGroup: RBAC_GROUP })(subject),
};

/** Sets fields that are absent or zero, as Kubernetes' defaulting does. */
function fill(defaults: PlainObject): Fill {
  return (struct) => {
    const missing = Object.entries(defaults).filter(([name, value]) => value !== undefined && isZero(struct[name]));
    return { ...struct, ...Object.fromEntries(missing) };
  };
}

function isZero(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === 0;
}

function fillItems(field: string, fillItem: Fill): Fill {
  return (struct) => {
    const items = struct[field];
    if (!Array.isArray(items)) return struct;
    return { ...struct, [field]: items.map((item: unknown) => (isPlainObject(item) ? fillItem(item) : item)) };
  };
}

function withCount(request: PlainObject): PlainObject {
  return request.allocationMode === 'ExactCount' ? fill({ count: 1 })(request) : request;
}

/** Of a container, the largest is the default, and that, or else the smallest, what is requested by default. */
function fillLimits(item: PlainObject): PlainObject {
  if (item.type !== 'Container') return item;
  const limits = { ...asMap(item.max), ...asMap(item.default) };
  const requests = { ...asMap(item.min), ...limits, ...asMap(item.defaultRequest) };
  const filled = { default: limits, defaultRequest: requests };
  return { ...item, ...Object.fromEntries(Object.entries(filled).filter(([, map]) => Object.keys(map).length > 0)) };
}

function asMap(value: unknown): PlainObject {
  return isPlainObject(value) ? value : {};
}

function fillClaimTemplate(claim: PlainObject): PlainObject {
  const spec = fill({ volumeMode: 'Filesystem' })(asMap(claim.spec));
  const status = fill({ phase: 'Pending' })(asMap(claim.status));
  return { ...fill({ apiVersion: 'v1', kind: 'PersistentVolumeClaim' })(claim), spec, status };
}
