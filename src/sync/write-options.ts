import { WRITE_TIMEOUT_MS } from '../apply/apply-object.ts';
import type { KubeObject } from '../model/kube-object.ts';
import type { SyncRun } from '../queue/sync-run.ts';

/** Flux's field managers for what is written on the custom resources themselves. */
const FIELD_MANAGERS: Readonly<Record<string, string>> = {
  GitRepository: 'source-controller',
  Kustomization: 'gotk-kustomize-controller',
};

/** How a run writes on its own custom resource: before others, and only while it holds its lease. */
export function writeOptionsFor(resource: KubeObject, run: SyncRun) {
  return {
    fieldManager: FIELD_MANAGERS[resource.kind] ?? 'hawser',
    signal: run.signal,
    urgent: true,
    timeoutMs: WRITE_TIMEOUT_MS,
    beforeWrite: (timeoutMs: number) => run.assertLease(timeoutMs),
  };
}
