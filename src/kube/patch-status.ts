import { isDeepStrictEqual } from 'node:util';
import { type KubeObject, refOf } from '../model/kube-object.ts';
import type { KubeClient, WriteOptions } from './kube-client.ts';

/**
 * Makes the status what is given, by a merge patch of only what differs, and returns the object as it is then.
 * Nothing differs: no request. The object changed meanwhile: a KubeError with `isConflict`.
 */
export async function patchStatus(
  client: Pick<KubeClient, 'mergePatch'>,
  object: KubeObject,
  { status, ...options }: WriteOptions & { readonly status: unknown },
): Promise<KubeObject> {
  const patch = toMergePatch(object.status ?? {}, status);
  if (patch === undefined) return object;
  const { resourceVersion } = object.metadata;
  return client.mergePatch(
    refOf(object),
    { metadata: { resourceVersion }, status: patch },
    {
      ...options,
      subresource: 'status',
    },
  );
}

/** The merge patch (RFC 7386) that turns one value into the other; undefined if they are equal. Lists are replaced whole. */
export function toMergePatch(from: unknown, to: unknown): unknown {
  if (!isRecord(from) || !isRecord(to)) return isDeepStrictEqual(from, to) ? undefined : to;
  const patch: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const isGone = to[name] === undefined && from[name] !== undefined;
    const change = isGone ? null : toMergePatch(from[name], to[name]);
    if (change !== undefined) patch[name] = change;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
