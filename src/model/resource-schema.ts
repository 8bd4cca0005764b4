/**
 * The parts that the custom resources' schemas share. A schema is written once, as zod: the TypeScript type is
 * inferred from it, and the CRD is generated from it. What only the API server needs (defaults, CEL rules) is metadata
 * here, so a parsed object is exactly what was stored.
 */
import { z } from 'zod';
import { HawserError } from '../errors/hawser-error.ts';
import { formatSubject, type KubeObject } from './kube-object.ts';

const DURATION = /^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/;
const DURATION_WITHOUT_HOURS = /^([0-9]+(\.[0-9]+)?(ms|s|m))+$/;
const DIGEST = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;

/** A Go duration such as `30s`, `1h30m`. */
export function duration(description: string) {
  return z.string().regex(DURATION).describe(description);
}

/** A Go duration without hours, as Flux demands it for a GitRepository's timeout. */
export function durationWithoutHours(description: string) {
  return z.string().regex(DURATION_WITHOUT_HOURS).describe(description);
}

/** RFC 3339, as the API server checks it. */
export function timestamp(description: string) {
  return z.string().meta({ format: 'date-time', description });
}

/** A 64-bit integer, as Go's APIs have them. */
export function int64(description: string) {
  return z.int().meta({ format: 'int64', description });
}

/** A map of strings, such as labels. */
export function stringMap(description: string) {
  return z.record(z.string(), z.string()).describe(description);
}

/** A reference to an object of the same namespace by name. */
export function localReference(description: string, of: string) {
  return z.object({ name: z.string().describe(`Name of the ${of}.`) }).describe(description);
}

const condition = z.object({
  type: z
    .string()
    .max(316)
    .regex(
      /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$/,
    )
    .describe('What the condition is about, such as Ready.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds: True, False or Unknown.'),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe('One word for programs: why the condition has this status.'),
  message: z
    .string()
    .max(32_768)
    .describe('For people: why the condition has this status and, on failure, what to do.'),
  observedGeneration: int64('Generation of the spec that the condition speaks about.').min(0).optional(),
  lastTransitionTime: timestamp('When status, reason or message last changed.'),
});

/** The list of conditions in a status. */
export const conditions = z
  .array(condition)
  .describe('What is known about the object: Ready, and while they hold Reconciling, Stalled and others.');

/** `status.observedGeneration` of every kind. */
export const observedGeneration = int64('Generation of the spec that the last finished sync worked on.').optional();

/** `status.lastHandledReconcileAt` of every kind. */
export const lastHandledReconcileAt = z
  .string()
  .describe('Value of the annotation reconcile.fluxcd.io/requestedAt that the last finished sync answered.')
  .optional();

/** What a source offers to its consumers: one revision, packed as a tarball. */
export const Artifact = z.object({
  path: z.string().describe('Path of the tarball below the artifact server.'),
  url: z.string().describe('Where the tarball can be fetched inside the cluster.'),
  revision: z.string().describe('Revision that the tarball holds, such as main@sha1:<commit>.'),
  digest: z.string().regex(DIGEST).describe('Checksum of the tarball, as <algorithm>:<hex>.').optional(),
  lastUpdateTime: timestamp('When the tarball was made.'),
  size: int64('Size of the tarball in bytes.').optional(),
  metadata: stringMap('Further facts about the revision, by name.').optional(),
});
export type Artifact = z.infer<typeof Artifact>;

/** Checks an object of the cluster against its schema; throws RESOURCE_INVALID that names the object and each wrong field. */
export function checkResource(schema: z.ZodType, kind: string, value: unknown): void {
  const result = schema.safeParse(value);
  if (result.success) return;
  const problems = result.error.issues.map(
    ({ path, message }) => `${path.length === 0 ? 'the object' : path.join('.')}: ${message}`,
  );
  throw new HawserError('RESOURCE_INVALID', `${subjectOf(kind, value)} is not valid: ${problems.join('; ')}`, {
    data: { problems },
  });
}

function subjectOf(kind: string, value: unknown): string {
  const metadata = (value as Partial<KubeObject> | null | undefined)?.metadata;
  if (typeof metadata?.name !== 'string') return `A ${kind} without a name`;
  return formatSubject({ kind, namespace: metadata.namespace ?? '', name: metadata.name });
}

/** `apiVersion`, `kind` and `metadata`: what every custom resource has beside spec and status. */
export function resourceSchema<Spec extends z.ZodType, Status extends z.ZodType>(
  kind: string,
  spec: Spec,
  status: Status,
) {
  return z.object({
    apiVersion: z.string().describe('Group and version of this object, as the API server serves it.'),
    kind: z.literal(kind).describe(`Always ${kind}.`),
    metadata: z
      .object({ name: z.string(), namespace: z.string() })
      .describe('Name, namespace, labels and annotations, as every Kubernetes object has them.'),
    spec,
    status: status.optional(),
  });
}
