import type { SyncDeps } from './deps.ts';
import { letGo } from './ensure-finalizer.ts';
import type { SyncOutcome } from './outcome.ts';
import { uidOf } from './source-memory.ts';
import type { SourceSync } from './sync-context.ts';

/** A GitRepository is being deleted: forgets its objects and artifacts, then lets it go. What it deployed stays. */
export async function finalizeSource(deps: SyncDeps, { source, run }: SourceSync): Promise<SyncOutcome> {
  const { name, namespace = '' } = source.metadata;
  await deps.git.drop(uidOf(source));
  await deps.artifacts.remove(namespace, name);
  deps.memories.delete(uidOf(source));
  await letGo(deps, source, run);
  return { kind: 'gone' };
}
