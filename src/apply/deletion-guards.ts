/**
 * What keeps an object from being deleted although it left Git and carries our owner labels: its deletion would take
 * more with it than anybody asked for. Deleting is prune's task.
 */
import { HawserError } from '../errors/hawser-error.ts';
import type { KubeClient } from '../kube/kube-client.ts';
import { OWNER_PREFIX } from '../manifest/owner-labels.ts';
import { formatSubject, type KubeObject, type ObjectRef, parseApiVersion } from '../model/kube-object.ts';
import { isOwnEntry } from './ownership.ts';
import { hasSwitch } from './switches.ts';

/** Every cluster needs them; some may not be deleted by anybody, and one of them takes every stray object with it. */
const NEEDED_NAMESPACES: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease']);

/** What lives in a namespace as far as this sync knows. */
export interface Neighbours {
  /** Objects that are to stay: a namespace that holds one is deleted once they have left Git, too. */
  readonly staying: readonly ObjectRef[];
  /** Objects that should be gone and could not be deleted. */
  readonly survivors: readonly ObjectRef[];
  /** Objects that left the set and are kept on purpose, or are somebody else's now. */
  readonly kept: readonly ObjectRef[];
}

/** Why a namespace is not deleted, and whether that may change: only then is it tried again. */
export interface NamespaceHold {
  readonly why: string;
  readonly isPassing: boolean;
}

/** Tells whether a namespace must stay; undefined for one that may go, and for anything else. Pure. */
export function findNamespaceHold(ref: ObjectRef, neighbours: Neighbours): NamespaceHold | undefined {
  if (ref.kind !== 'Namespace' || ref.group !== '') return undefined;
  if (NEEDED_NAMESPACES.has(ref.name)) {
    return { why: 'left Git, but every cluster needs it: it is kept, and no longer managed', isPassing: false };
  }
  const isInside = ({ namespace }: ObjectRef) => namespace === ref.name;
  const passing = [...neighbours.staying, ...neighbours.survivors].filter(isInside);
  if (passing.length > 0) {
    const why = `left Git, but still holds ${listSome(passing.map(formatSubject))}: it is deleted once that is gone`;
    return { why, isPassing: true };
  }
  const kept = neighbours.kept.filter(isInside);
  if (kept.length === 0) return undefined;
  const why = `left Git, but holds ${listSome(kept.map(formatSubject))}, which is to be kept: it is kept, too, and no longer managed`;
  return { why, isPassing: false };
}

/** An object that we have applied under another API group since is that object by its old name. Pure. */
export function isAppliedByOtherGroup(live: KubeObject, { group }: ObjectRef): boolean {
  const own = live.metadata.managedFields?.find(isOwnEntry);
  return own !== undefined && parseApiVersion(own.apiVersion).group !== group;
}

/** True for a CustomResourceDefinition: all objects of its kind would go with it. */
export function isDefinition({ group, kind }: Pick<ObjectRef, 'group' | 'kind'>): boolean {
  return group === 'apiextensions.k8s.io' && kind === 'CustomResourceDefinition';
}

interface GuardContext {
  readonly client: Pick<KubeClient, 'get' | 'list'>;
  readonly signal: AbortSignal;
}

interface Definition {
  readonly group: string;
  readonly names: { readonly plural: string };
  readonly versions: readonly { readonly name: string; readonly served: boolean; readonly storage: boolean }[];
}

/**
 * Throws PRUNE_FAILED if custom resources would be lost with their definition: any that is not being deleted, and that
 * no other object owns. The set's own were deleted right before.
 */
export async function requireUnused(context: GuardContext, ref: ObjectRef, live: KubeObject): Promise<void> {
  if (hasSwitch(live, 'prune', 'enabled')) return;
  const definition = (await context.client.get(ref, { signal: context.signal }))?.spec as Definition | undefined;
  const served = definition?.versions.filter((version) => version.served) ?? [];
  const version = served.find(({ storage }) => storage) ?? served[0];
  if (!definition || !version) return;
  const query = { group: definition.group, version: version.name, plural: definition.names.plural, metadataOnly: true };
  const { items } = await context.client.list(query, context.signal);
  const lost = items.filter(isLeft).map(subjectOf);
  if (lost.length === 0) return;
  throw new HawserError(
    'PRUNE_FAILED',
    `${listSome(lost)} would be lost with it: delete them first, or let them go: kubectl annotate crd ${ref.name} ${OWNER_PREFIX}/prune=enabled`,
    { disposition: 'stalled' },
  );
}

function isLeft({ metadata }: KubeObject): boolean {
  const owners = metadata.ownerReferences;
  return metadata.deletionTimestamp === undefined && !(Array.isArray(owners) && owners.length > 0);
}

function subjectOf({ kind, metadata }: KubeObject): string {
  return formatSubject({ kind, namespace: metadata.namespace ?? '', name: metadata.name });
}

const MOST_LISTED = 3;

function listSome(subjects: readonly string[]): string {
  const rest = subjects.length - MOST_LISTED;
  return `${subjects.slice(0, MOST_LISTED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
