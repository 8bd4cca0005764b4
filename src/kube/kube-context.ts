import { formatSubject, type ObjectRef, toApiVersion } from '../model/kube-object.ts';
import type { KubeCaller } from './create-kube-caller.ts';
import type { Transport } from './create-transport.ts';
import type { Discovery, ResourceInfo } from './discovery.ts';
import type { KubeClientEvent } from './kube-client.ts';
import { toResourcePath } from './resource-path.ts';
import { formatNoMatch, KubeError, toKindNotServedError } from './to-kube-error.ts';

/** What the operations of one client share; `headers` carry its identity. */
export interface KubeContext {
  readonly server: URL;
  readonly call: KubeCaller;
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly observe: (event: KubeClientEvent) => void;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** After how many milliseconds without a byte a watch is taken for half-open. */
  readonly watchSilenceMs: number;
}

export const JSON_TYPE = 'application/json';
const METADATA = 'g=meta.k8s.io;v=v1';

/** The Accept header for whole objects, or for metadata only; a list of metadata needs a type of its own. */
export function acceptFor(metadataOnly: boolean | undefined, shape: 'object' | 'list' = 'object'): string {
  if (!metadataOnly) return JSON_TYPE;
  return `${JSON_TYPE};as=PartialObjectMetadata${shape === 'list' ? 'List' : ''};${METADATA}`;
}

/** A place that discovery knows, and what to say should the API server not know it any more. */
export interface LocatedObject {
  readonly path: string;
  readonly collectionPath: string;
  readonly notServed: string;
}

/** Finds the path of an object; throws KUBE_KIND_NOT_SERVED, or KUBE_REJECTED if a needed namespace is missing. */
export async function locateObject(
  { discovery }: Pick<KubeContext, 'discovery'>,
  ref: ObjectRef,
  subresource?: string,
): Promise<LocatedObject> {
  const notServed = formatNoMatch(ref.kind, toApiVersion(ref.group, ref.version));
  const info = await discovery.resolve(ref);
  if (!info) throw toKindNotServedError(notServed);
  if (info.namespaced && ref.namespace === '') {
    const message = `${formatSubject(ref)} has no namespace, and its kind needs one`;
    throw new KubeError('KUBE_REJECTED', message, { status: 0, kubeReason: '' });
  }
  const collection = { ...pathOf(info), namespace: info.namespaced ? ref.namespace : undefined };
  return {
    path: toResourcePath({ ...collection, name: ref.name, subresource }),
    collectionPath: toResourcePath(collection),
    notServed,
  };
}

function pathOf({ group, version, plural }: ResourceInfo) {
  return { group, version, plural };
}
