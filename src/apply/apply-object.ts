import type { KubeClient, WriteOptions } from '../kube/kube-client.ts';
import { KubeError } from '../kube/to-kube-error.ts';
import { type KubeObject, type ObjectRef, refOf } from '../model/kube-object.ts';
import { adoptFields, entriesAtVersion } from './adopt.ts';
import { applyKnownFields, type KnownFieldsResult } from './apply-known-fields.ts';
import type { IgnoreRule } from './ignore-rules.ts';
import type { LiveObjects } from './live-objects.ts';
import { FIELD_MANAGER, summarizeOwnership } from './ownership.ts';
import { retryWhile } from './retry-while.ts';
import type { Sighting } from './switches.ts';

export interface ApplyContext {
  readonly client: KubeClient;
  readonly live: LiveObjects;
  readonly signal: AbortSignal;
  /** Throws if this run must not write any more (its lease is lost). */
  readonly beforeWrite: (timeoutMs: number) => void;
  /** `spec.force`: an object is deleted and created anew where a field was changed that cannot be. */
  readonly force: boolean;
  /** `spec.ignore`: fields that others may change. */
  readonly ignore?: readonly IgnoreRule[] | undefined;
  /** What a watch shows of an object; undefined is looked up where it matters. */
  readonly sightingOf?: (ref: ObjectRef) => Sighting | undefined;
  /** True once a CustomResourceDefinition was written: the API server then serves its kind a moment later. */
  readonly kindsAreNew: boolean;
  /** True once a Role was written: the API server lets it be bound a moment later. */
  readonly rolesAreNew: boolean;
  /** Names of the admission policies that were changed: the API server heeds the change a moment later. */
  readonly changedPolicies: ReadonlySet<string>;
}

/** Time limit of one write in milliseconds: well below the lease, so that a write never outlives its right. */
export const WRITE_TIMEOUT_MS = 8_000;
const PATIENCE_MS = 10_000;

/** Sends one payload by server-side apply, with patience for what the API server has not taken in yet. */
export async function sendObject(
  context: ApplyContext,
  object: KubeObject,
  { dryRun }: { readonly dryRun: boolean },
): Promise<KnownFieldsResult> {
  const options = dryRun ? { signal: context.signal, urgent: true, dryRun } : writeOptions(context);
  const send = () => applyKnownFields(context.client, object, { ...options, ...APPLY });
  const attempt = async () => {
    try {
      return await send();
    } catch (error) {
      if (dryRun || !mayBeOtherVersion(error) || !(await rewriteVersions(context, object))) throw error;
      return await send();
    }
  };
  return await retryWhile(attempt, (error) => isPassing(context, object, error), {
    forMs: PATIENCE_MS,
    signal: context.signal,
  });
}

const APPLY = { fieldManager: FIELD_MANAGER, fieldValidation: 'Warn' } as const;

/** True if an admission policy refused an object, and it is one of the given names. */
export function isDeniedBy(policies: ReadonlySet<string>, error: unknown): boolean {
  return error instanceof KubeError && [...policies].some((name) => error.message.includes(`Policy '${name}' `));
}

function isPassing({ kindsAreNew, rolesAreNew, changedPolicies }: ApplyContext, object: KubeObject, error: unknown) {
  const mayBeUnknownYet = kindsAreNew || (rolesAreNew && object.roleRef !== undefined);
  return (mayBeUnknownYet && isNotServedYet(error)) || isDeniedBy(changedPolicies, error);
}

function isNotServedYet(error: unknown): boolean {
  return (
    error instanceof KubeError &&
    (error.isNotFound || error.code === 'KUBE_KIND_NOT_SERVED' || error.isFieldNotDeclared)
  );
}

/**
 * True for refusals that come of managedFields in another version of a custom resource: it is not served any more, or
 * lacks a field that this one has.
 */
export function mayBeOtherVersion(error: unknown): boolean {
  return error instanceof KubeError && (error.isManagedByUnservedVersion || error.isFieldNotDeclared);
}

/** True if managedFields name a version other than the one of a payload. */
export function namesOtherVersion({ metadata }: KubeObject, apiVersion: string): boolean {
  return (metadata.managedFields ?? []).some((entry) => entry.apiVersion !== apiVersion);
}

async function rewriteVersions(context: ApplyContext, object: KubeObject): Promise<boolean> {
  const { client, signal } = context;
  const ref = refOf(object);
  const live = await client.get(ref, { metadataOnly: true, signal, urgent: true });
  if (!live || !namesOtherVersion(live, object.apiVersion)) return false;
  await client.jsonPatch(
    ref,
    [
      { op: 'replace', path: '/metadata/managedFields', value: entriesAtVersion(live, object.apiVersion) },
      { op: 'replace', path: '/metadata/resourceVersion', value: live.metadata.resourceVersion },
    ],
    writeOptions(context),
  );
  return true;
}

/** Takes over what kubectl owns of an object that was just applied; undefined if there is nothing. */
export async function adoptIfNeeded(
  context: ApplyContext,
  { object: live, sent }: KnownFieldsResult,
): Promise<KubeObject | undefined> {
  if (!summarizeOwnership(live).hasAdoptableEntry) return undefined;
  const options = writeOptions(context);
  try {
    await adoptFields(context.client, live, options);
  } catch (error) {
    if (!(error instanceof KubeError) || !error.isConflict) throw error;
    const fresh = (await context.client.apply(sent, { ...options, ...APPLY })).object;
    await adoptFields(context.client, fresh, options);
  }
  return (await context.client.apply(sent, { ...options, ...APPLY })).object;
}

/** How every write of a sync is sent. */
export function writeOptions({ signal, beforeWrite }: Pick<ApplyContext, 'signal' | 'beforeWrite'>): WriteOptions {
  return { signal, beforeWrite, urgent: true, timeoutMs: WRITE_TIMEOUT_MS };
}
