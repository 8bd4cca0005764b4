import { HawserError } from '../errors/hawser-error.ts';
import type { Cache } from '../kube/create-cache.ts';
import type { KubeClient } from '../kube/kube-client.ts';
import { SOURCE_GROUP } from '../model/git-repository.ts';
import { type KubeObject, parseApiVersion } from '../model/kube-object.ts';
import { KUSTOMIZE_GROUP } from '../model/kustomization.ts';
import type { SyncKind } from '../model/object-key.ts';
import type { ReceiverResource } from '../model/receiver.ts';

/** Where the objects that a Receiver names are looked up. */
export interface ResourceLookup {
  readonly client: Pick<KubeClient, 'get' | 'list' | 'discovery'>;
  readonly gitRepositories: Pick<Cache, 'get' | 'list'>;
  readonly kustomizations: Pick<Cache, 'get' | 'list'>;
  /** The only namespace whose objects Hawser syncs; all if undefined. */
  readonly namespace: string | undefined;
  readonly allowCrossNamespaceRefs: boolean;
}

/** An object that a Receiver names. */
export interface FoundResource {
  readonly object: KubeObject;
  /** Absent for an object that somebody else syncs. */
  readonly syncKind?: SyncKind;
}

/** What Flux takes for the kinds that may go without apiVersion. */
const DEFAULT_API_VERSIONS: Readonly<Record<string, string>> = {
  Bucket: `${SOURCE_GROUP}/v1`,
  GitRepository: `${SOURCE_GROUP}/v1`,
  HelmChart: `${SOURCE_GROUP}/v1`,
  HelmRepository: `${SOURCE_GROUP}/v1`,
  OCIRepository: `${SOURCE_GROUP}/v1`,
  ImageRepository: 'image.toolkit.fluxcd.io/v1',
  ArtifactGenerator: 'source.extensions.fluxcd.io/v1beta1',
};

const SYNC_GROUPS: Readonly<Record<SyncKind, string>> = {
  GitRepository: SOURCE_GROUP,
  Kustomization: KUSTOMIZE_GROUP,
};

/** `Kind/namespace/name` of an entry as it is written, the namespace filled in. */
export function describeEntry({ kind, namespace, name }: ReceiverResource, own: string): string {
  return `${kind}/${namespace || own}/${name}`;
}

/**
 * Finds the objects of one entry of spec.resources of a Receiver in the namespace `own`. Throws RECEIVER_INVALID where the
 * entry may not or cannot be followed, and what reading throws.
 */
export async function findResources(
  lookup: ResourceLookup,
  entry: ReceiverResource,
  own: string,
): Promise<readonly FoundResource[]> {
  const namespace = entry.namespace || own;
  if (namespace !== own && !lookup.allowCrossNamespaceRefs) throw refused('cross-namespace references are not allowed');
  const apiVersion = entry.apiVersion || DEFAULT_API_VERSIONS[entry.kind];
  if (apiVersion === undefined) throw refused(`apiVersion must be specified for kind '${entry.kind}'`);
  if (entry.name === '*' && !entry.matchLabels)
    throw refused("matchLabels field not set when using wildcard '*' as name");
  const { group, version } = parseApiVersion(apiVersion);
  const syncKind = toSyncKind(lookup, { group, kind: entry.kind, namespace });
  if (syncKind !== undefined) {
    return findFollowed(lookup, { ...entry, namespace }, syncKind).map((object) => ({ object, syncKind }));
  }
  const objects = await findOthers(lookup, entry, { group, version, namespace });
  return objects.map((object) => ({ object }));
}

function toSyncKind(
  lookup: ResourceLookup,
  { group, kind, namespace }: { readonly group: string; readonly kind: string; readonly namespace: string },
): SyncKind | undefined {
  if (lookup.namespace !== undefined && lookup.namespace !== namespace) return undefined;
  return (Object.keys(SYNC_GROUPS) as SyncKind[]).find((known) => known === kind && SYNC_GROUPS[known] === group);
}

function findFollowed(
  { gitRepositories, kustomizations }: ResourceLookup,
  { name, namespace, matchLabels = {} }: ReceiverResource & { readonly namespace: string },
  kind: SyncKind,
): readonly KubeObject[] {
  const cache = kind === 'GitRepository' ? gitRepositories : kustomizations;
  if (name !== '*') return [cache.get(namespace, name)].filter((object) => object !== undefined);
  return cache.list().filter((object) => object.metadata.namespace === namespace && carries(object, matchLabels));
}

function carries({ metadata: { labels = {} } }: KubeObject, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([label, value]) => labels[label] === value);
}

async function findOthers(
  { client }: ResourceLookup,
  { kind, name, matchLabels = {} }: ReceiverResource,
  where: { readonly group: string; readonly version: string; readonly namespace: string },
): Promise<readonly KubeObject[]> {
  if (name !== '*') {
    const found = await client.get({ ...where, kind, name }, { metadataOnly: true });
    return found ? [found] : [];
  }
  const resource = await client.discovery.resolve({ group: where.group, version: where.version, kind });
  if (!resource) throw refused(`the API server does not serve ${kind} in ${where.group}/${where.version}`);
  const labelSelector = Object.entries(matchLabels)
    .map(([label, value]) => `${label}=${value}`)
    .join(',');
  const query = { group: where.group, version: where.version, plural: resource.plural, namespace: where.namespace };
  const { items } = await client.list({ ...query, labelSelector: labelSelector || undefined, metadataOnly: true });
  return items;
}

function refused(problem: string): HawserError {
  return new HawserError('RECEIVER_INVALID', problem);
}
