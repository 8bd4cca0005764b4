/**
 * The sources that others sync and Hawser only reads: of an OCIRepository, Bucket or ExternalArtifact nothing but what
 * its status offers is looked at, so there is no schema of their specs here, and no CRD.
 */
import { z } from 'zod';
import { SOURCE_GROUP } from './git-repository.ts';
import type { KubeObject } from './kube-object.ts';
import { Artifact, checkResource, conditions } from './resource-schema.ts';

/** The kinds of sources that Hawser reads but does not sync, in the version that is asked for. */
export const ARTIFACT_KINDS = [
  { kind: 'OCIRepository', group: SOURCE_GROUP, version: 'v1', plural: 'ocirepositories' },
  { kind: 'Bucket', group: SOURCE_GROUP, version: 'v1', plural: 'buckets' },
  { kind: 'ExternalArtifact', group: SOURCE_GROUP, version: 'v1', plural: 'externalartifacts' },
] as const;
export type ArtifactKind = (typeof ARTIFACT_KINDS)[number]['kind'];

const status = z.object({ artifact: Artifact.optional(), conditions: conditions.optional() });

const artifactSource = z.object({
  kind: z.enum(ARTIFACT_KINDS.map(({ kind }) => kind)),
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  status: status.optional(),
});

/** A source of one of these kinds; its artifact is absent until it was published for the first time. */
export interface ArtifactSource extends KubeObject {
  kind: ArtifactKind;
  status?: z.infer<typeof status> | undefined;
}

/** Reads a source from the API server, unknown fields kept; throws RESOURCE_INVALID for wrong types. */
export function parseArtifactSource(value: unknown): ArtifactSource {
  checkResource(artifactSource, kindOf(value), value);
  return value as ArtifactSource;
}

/** For messages: the kind that the object claims to be. */
function kindOf(value: unknown): string {
  const kind = (value as { readonly kind?: unknown } | null | undefined)?.kind;
  return typeof kind === 'string' ? kind : 'source';
}
