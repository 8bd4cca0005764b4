/**
 * The Kustomization custom resource: a path of a source, applied to a cluster. One schema gives type and CRD. What the
 * fields do is the matter of render, apply and sync.
 */
import { z } from 'zod';
import type { KubeObject } from './kube-object.ts';
import { type KustomizationSpec, kustomizationSpec } from './kustomization-spec.ts';
import {
  checkResource,
  conditions,
  int64,
  lastHandledReconcileAt,
  observedGeneration,
  resourceSchema,
  stringMap,
  timestamp,
} from './resource-schema.ts';

/** API group of Kustomizations. */
export const KUSTOMIZE_GROUP = 'kustomize.toolkit.fluxcd.io';

const inventoryEntry = z.object({
  id: z.string().describe('The object as <namespace>_<name>_<group>_<kind>; a colon in a name is written __.'),
  v: z.string().describe('API version of the object, without the group.'),
});

const historyEntry = z.object({
  digest: z.string().describe('Checksum of the manifests that were applied.'),
  firstReconciled: timestamp('When these manifests were first synced with this result.'),
  lastReconciled: timestamp('When these manifests were last synced with this result.'),
  lastReconciledDuration: z.string().describe('How long the last of these syncs took.'),
  lastReconciledStatus: z.string().describe('Reason of the Ready condition after these syncs.'),
  totalReconciliations: int64('How many syncs ended like this.'),
  metadata: stringMap('Further facts, such as the revision.').optional(),
});
/** One line of `status.history`: syncs of the same manifests that ended alike. */
export type HistoryEntry = z.infer<typeof historyEntry>;

const status = z
  .object({
    observedGeneration,
    conditions: conditions.optional(),
    lastAppliedRevision: z.string().describe('The last revision that was applied as a whole.').optional(),
    lastAttemptedRevision: z.string().describe('The last revision that a sync began with.').optional(),
    lastAppliedOriginRevision: z
      .string()
      .describe('Revision of the origin that the last applied artifact was built from.')
      .optional(),
    lastHandledReconcileAt,
    inventory: z
      .object({ entries: z.array(inventoryEntry).describe('The objects, sorted by id.') })
      .describe('The objects that this Kustomization has put into the cluster.')
      .optional(),
    history: z.array(historyEntry).describe('How the last syncs ended, newest first, at most five.').optional(),
  })
  .describe('What was deployed, and how the last sync went.');
export type KustomizationStatus = z.infer<typeof status>;

/** The schema of the whole object, from which the CRD is generated. */
export const kustomizationSchema = resourceSchema('Kustomization', kustomizationSpec, status).describe(
  'A Kustomization deploys a folder of a source to a cluster and keeps it that way.',
);

/** A path of a source, applied to a cluster (`kustomize.toolkit.fluxcd.io`). */
export interface Kustomization extends KubeObject {
  kind: 'Kustomization';
  spec: KustomizationSpec;
  status?: KustomizationStatus | undefined;
}

/** Reads a Kustomization from the API server, unknown fields kept; throws RESOURCE_INVALID for wrong types. */
export function parseKustomization(value: unknown): Kustomization {
  checkResource(kustomizationSchema, 'Kustomization', value);
  return value as Kustomization;
}
