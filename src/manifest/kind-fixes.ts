import { X509Certificate } from 'node:crypto';
import type { KubeObject } from '../model/kube-object.ts';
import { isPlainObject, type PlainObject } from './plain-object.ts';

type Fix = (object: KubeObject) => KubeObject;

/** What Flux's normaliser does to single kinds, beyond writing them as their Go types do; by apiVersion/kind. */
export const KIND_FIXES: Readonly<Record<string, Fix>> = {
  'v1/Pod': fixPorts(['spec', 'containers', '*', 'ports', '*']),
  'v1/Secret': (object) => toData(object),
  'v1/Service': fixPorts(['spec', 'ports', '*']),
  'apps/v1/DaemonSet': fixPorts(['spec', 'template', 'spec', 'containers', '*', 'ports', '*']),
  'apps/v1/Deployment': fixPorts(['spec', 'template', 'spec', 'containers', '*', 'ports', '*']),
  'apps/v1/ReplicaSet': fixPorts(['spec', 'template', 'spec', 'containers', '*', 'ports', '*']),
  'apps/v1/StatefulSet': fixPorts(['spec', 'template', 'spec', 'containers', '*', 'ports', '*']),
  'batch/v1/CronJob': fixPorts(['spec', 'jobTemplate', 'spec', 'template', 'spec', 'containers', '*', 'ports', '*']),
  'batch/v1/Job': fixPorts(['spec', 'template', 'spec', 'containers', '*', 'ports', '*']),
  'apiextensions.k8s.io/v1/CustomResourceDefinition': (object) => withoutZeroPriorities(withoutBrokenCaBundle(object)),
  'rbac.authorization.k8s.io/v1/ClusterRole': (object) => withoutEmptyRuleFields(withoutAggregatedRules(object)),
  'rbac.authorization.k8s.io/v1/Role': (object) => withoutEmptyRuleFields(object),
};

/** A port without protocol is a duplicate of the same port with the default one, for server-side apply. */
function fixPorts(path: readonly string[]): Fix {
  return (object) => mapAt(object, path, (port) => ({ ...port, protocol: port.protocol || 'TCP' })) as KubeObject;
}

/** Applies a change to every object at a path; `*` stands for all items of a list. What is not there stays so. */
function mapAt(value: unknown, path: readonly string[], change: (found: PlainObject) => PlainObject): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return isPlainObject(value) ? change(value) : value;
  if (step === '*') return Array.isArray(value) ? value.map((item) => mapAt(item, rest, change)) : value;
  if (!isPlainObject(value) || value[step] === undefined) return value;
  return { ...value, [step]: mapAt(value[step], rest, change) };
}

/** `stringData` is write-only: applied as it is, keys that left it would stay (kubernetes/kubernetes#108008). */
function toData(object: KubeObject): KubeObject {
  const { stringData, ...rest } = object;
  if (!isPlainObject(stringData)) return object;
  const encoded = Object.entries(stringData).map(([key, text]): [string, unknown] => [key, encodeBase64(text)]);
  const data = isPlainObject(object.data) ? object.data : {};
  return { ...rest, data: { ...data, ...Object.fromEntries(encoded) } };
}

function encodeBase64(text: unknown): unknown {
  if (text === null) return '';
  return typeof text === 'string' ? Buffer.from(text, 'utf8').toString('base64') : text;
}

/** An aggregated role's rules are the controller's: applied, even empty, both would write without end. */
function withoutAggregatedRules(object: KubeObject): KubeObject {
  if (!isPlainObject(object.aggregationRule)) return object;
  const { rules: _, ...rest } = object;
  return rest as KubeObject;
}

/** Rules are owned whole, and the API server stores none of their empty lists. */
function withoutEmptyRuleFields(object: KubeObject): KubeObject {
  return mapAt(object, ['rules', '*'], (rule) => {
    const isKept = ([name, value]: [string, unknown]) => name === 'verbs' || !isEmptyList(value);
    return Object.fromEntries(Object.entries(rule).filter(isKept));
  }) as KubeObject;
}

function isEmptyList(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}

/** Versions are owned whole, and the API server does not store a column's priority 0. */
function withoutZeroPriorities(object: KubeObject): KubeObject {
  const columns = ['spec', 'versions', '*', 'additionalPrinterColumns', '*'];
  return mapAt(object, columns, ({ priority, ...column }) =>
    priority ? { ...column, priority } : column,
  ) as KubeObject;
}

const CA_BUNDLE_PARENT = ['spec', 'conversion', 'webhook', 'clientConfig'];

/** A bundle that is empty or no certificate is a placeholder for an injector; API servers since 1.31 refuse it. */
function withoutBrokenCaBundle(object: KubeObject): KubeObject {
  return mapAt(object, CA_BUNDLE_PARENT, ({ caBundle, ...rest }) =>
    isCertificateBundle(caBundle) ? { ...rest, caBundle } : rest,
  ) as KubeObject;
}

function isCertificateBundle(caBundle: unknown): boolean {
  if (typeof caBundle !== 'string') return false;
  const pem = Buffer.from(caBundle, 'base64').toString('latin1');
  const [first] = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(pem) ?? [];
  if (first === undefined) return false;
  try {
    return new X509Certificate(first).raw.length > 0;
  } catch {
    return false;
  }
}
