import { HawserError } from '../errors/hawser-error.ts';

/** The kinds that are synced: each has a queue and a pipeline of its own. */
export const SYNC_KINDS = ['GitRepository', 'Kustomization'] as const;
export type SyncKind = (typeof SYNC_KINDS)[number];

/** Names one custom resource that can be synced. */
export interface ObjectKey {
  readonly kind: SyncKind;
  readonly namespace: string;
  readonly name: string;
}

/** `Kustomization/default/app`: the key's form in Redis, logs and metrics. Kubernetes names never hold a slash. */
export function formatKey(key: ObjectKey): string {
  return `${key.kind}/${key.namespace}/${key.name}`;
}

export function parseKey(text: string): ObjectKey {
  const [kind, namespace, name, ...rest] = text.split('/');
  const known = SYNC_KINDS.find((candidate) => candidate === kind);
  if (!known || !namespace || !name || rest.length > 0) {
    throw new HawserError('INTERNAL', `'${text}' does not name a custom resource that can be synced`);
  }
  return { kind: known, namespace, name };
}

/** The key of a custom resource. */
export function keyOf(kind: SyncKind, { metadata }: { metadata: { name: string; namespace?: string } }): ObjectKey {
  return { kind, namespace: metadata.namespace ?? '', name: metadata.name };
}
