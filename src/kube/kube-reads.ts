import { type KubeObject, type ObjectRef, toApiVersion } from '../model/kube-object.ts';
import type { GetOptions, KubeClient, KubeList, ListQuery } from './kube-client.ts';
import { acceptFor, type KubeContext, locateObject } from './kube-context.ts';
import { parseKubeJson } from './kube-json.ts';
import { toQuery, toResourcePath } from './resource-path.ts';
import { KubeError, toKindNotServedError } from './to-kube-error.ts';

const READ_TIMEOUT_MS = 30_000;
/** A list of a large cluster is one response. */
const LIST_TIMEOUT_MS = 120_000;

export function createReads(context: KubeContext): Pick<KubeClient, 'get' | 'list'> {
  return {
    get: (ref, options) => readObject(context, ref, options),
    list: (query, signal) => readList(context, query, signal),
  };
}

async function readObject(context: KubeContext, ref: ObjectRef, options: GetOptions = {}) {
  const { path, notServed } = await locateObject(context, ref);
  const { metadataOnly, signal, urgent } = options;
  const headers = { ...context.headers, accept: acceptFor(metadataOnly) };
  const common = { isIdempotent: true, timeoutMs: READ_TIMEOUT_MS, signal, urgent, notServed };
  try {
    const { body } = await context.call({ method: 'GET', path, headers, ...common });
    return toKindOf(parseKubeJson<KubeObject>(body), {
      kind: ref.kind,
      apiVersion: toApiVersion(ref.group, ref.version),
    });
  } catch (error) {
    if (error instanceof KubeError && error.isNotFound) return undefined;
    throw error;
  }
}

async function readList(context: KubeContext, query: ListQuery, signal?: AbortSignal): Promise<KubeList> {
  const resource = await locateCollection(context, query);
  const path = `${resource.path}${toQuery(selectorsOf(query))}`;
  const headers = { ...context.headers, accept: acceptFor(query.metadataOnly, 'list') };
  const common = { isIdempotent: true, timeoutMs: LIST_TIMEOUT_MS, signal, notServed: resource.notServed };
  const { body } = await context.call({ method: 'GET', path, headers, ...common });
  const list = parseKubeJson<{ metadata: { resourceVersion: string }; items: KubeObject[] | null }>(body);
  const items = (list.items ?? []).map((item) => toKindOf(item, resource));
  return { items, resourceVersion: list.metadata.resourceVersion };
}

/** How a collection is reached, and what its members are. */
export interface LocatedCollection {
  readonly path: string;
  readonly kind: string;
  readonly apiVersion: string;
  readonly notServed: string;
}

export async function locateCollection(context: KubeContext, query: ListQuery): Promise<LocatedCollection> {
  const apiVersion = toApiVersion(query.group, query.version);
  const notServed = `no matches for resource "${query.plural}" in version "${apiVersion}"`;
  const info = await context.discovery.resolvePlural(query);
  if (!info) throw toKindNotServedError(notServed);
  return { path: toResourcePath({ ...info, namespace: query.namespace }), kind: info.kind, apiVersion, notServed };
}

export function selectorsOf({ labelSelector, fieldSelector }: ListQuery) {
  return { labelSelector, fieldSelector };
}

/** List items come without kind, metadata-only answers with PartialObjectMetadata: both get the kind they are of. */
export function toKindOf(object: KubeObject, { kind, apiVersion }: { kind: string; apiVersion: string }): KubeObject {
  return { ...object, apiVersion, kind };
}
