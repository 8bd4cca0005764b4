/**
 * The Receiver custom resource of Flux: a webhook's path, how its calls prove themselves, and which objects they ask for a
 * sync. One schema gives type and CRD. What a call does is receiver's matter.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Secret } from '../errors/secret.ts';
import { parseDuration } from './duration.ts';
import type { KubeObject } from './kube-object.ts';
import {
  checkResource,
  conditions,
  duration,
  lastHandledReconcileAt,
  localReference,
  observedGeneration,
  resourceSchema,
  stringMap,
} from './resource-schema.ts';

/** API group of what tells of changes, and of what is told. */
export const NOTIFICATION_GROUP = 'notification.toolkit.fluxcd.io';

/** Where the calls of Receivers come in, before the digest. */
export const HOOK_PREFIX = '/hook/';

/** Every type that Flux knows. */
const TYPES = [
  'generic',
  'generic-hmac',
  'generic-oidc',
  'github',
  'gitlab',
  'bitbucket',
  'harbor',
  'dockerhub',
  'quay',
  'gcr',
  'nexus',
  'acr',
  'cdevents',
] as const;

const KINDS = [
  'Bucket',
  'GitRepository',
  'Kustomization',
  'HelmRelease',
  'HelmChart',
  'HelmRepository',
  'ImageRepository',
  'ImagePolicy',
  'ImageUpdateAutomation',
  'OCIRepository',
  'ArtifactGenerator',
  'ExternalArtifact',
] as const;

const resource = z.object({
  apiVersion: z
    .string()
    .describe('Group and version of the kind; may be left out for sources, ImageRepository and ArtifactGenerator.')
    .optional(),
  kind: z.enum(KINDS).describe('Kind of the objects to ask.'),
  name: z.string().min(1).max(253).describe('Name of the object, or * for all that matchLabels selects.'),
  namespace: z.string().min(1).max(253).describe("Namespace of the objects; the Receiver's own if absent.").optional(),
  matchLabels: stringMap(
    'Labels that the objects must carry; needed with, and only looked at for, the name *.',
  ).optional(),
  filter: z
    .string()
    .describe('CEL expression like spec.resourceFilter, for these objects alone; both must be true.')
    .optional(),
});
export type ReceiverResource = z.infer<typeof resource>;

const oidcProvider = z.object({
  issuerURL: z
    .string()
    .regex(/^https?:\/\//)
    .describe('URL of the issuer of the tokens.'),
  audience: z.string().describe('Audience that the tokens must name; notification-controller if absent.').optional(),
  variables: z
    .array(
      z.object({
        name: z.string().describe('Name of the variable.'),
        expression: z.string().describe('CEL expression of its value.'),
      }),
    )
    .describe('Values that the validations share.')
    .optional(),
  validations: z
    .array(
      z.object({
        expression: z.string().describe('CEL expression that must be true.'),
        message: z.string().describe('What the caller is told where it is not.'),
      }),
    )
    .describe('What must hold of a token.'),
});

const spec = z
  .object({
    type: z.enum(TYPES).describe('Who calls, which says how a call proves itself.'),
    interval: duration('How often the Secret is read again, even if nothing changed.')
      .meta({ default: '10m' })
      .optional(),
    events: z
      .array(z.string())
      .describe("Events to heed, such as push (GitHub) or 'Push Hook' (GitLab); all if absent. Capitals do not matter.")
      .optional(),
    resources: z.array(resource).describe('The objects that a call asks for a sync.'),
    resourceFilter: z
      .string()
      .describe(
        'CEL expression over res (an object: its metadata) and req (the body, JSON); only where it is true the object is asked.',
      )
      .optional(),
    secretRef: localReference(
      'Secret of the same namespace whose key token proves calls and is part of the path.',
      'Secret',
    ).optional(),
    oidcProviders: z
      .array(oidcProvider)
      .describe('Issuers whose tokens are taken, for the type generic-oidc.')
      .optional(),
    suspend: z.boolean().describe('True stops heeding calls.').optional(),
  })
  .meta({
    description: 'Who may call, and whom a call asks for a sync.',
    'x-kubernetes-validations': [
      {
        message: 'oidcProviders can only be set when type is generic-oidc',
        rule: "self.type == 'generic-oidc' || !has(self.oidcProviders) || size(self.oidcProviders) == 0",
      },
      {
        message: 'secretRef is required when type is not generic-oidc',
        rule: "self.type == 'generic-oidc' || has(self.secretRef)",
      },
    ],
  });
export type ReceiverSpec = z.infer<typeof spec>;

const status = z
  .object({
    observedGeneration,
    conditions: conditions.optional(),
    webhookPath: z.string().describe('Path to call: /hook/ and the SHA-256 of token, name and namespace.').optional(),
    lastHandledReconcileAt,
    url: z.string().describe('Field of older versions: the path to call.').optional(),
  })
  .describe('Where calls come in, and whether they can.');
export type ReceiverStatus = z.infer<typeof status>;

/** The schema of the whole object, from which the CRD is generated. */
export const receiverSchema = resourceSchema('Receiver', spec, status).describe(
  'A Receiver is a webhook by which a Git host, or whoever knows its token, asks for syncs.',
);

/** A webhook that asks for syncs (`notification.toolkit.fluxcd.io`). */
export interface Receiver extends KubeObject {
  kind: 'Receiver';
  spec: ReceiverSpec;
  status?: ReceiverStatus | undefined;
}

/** Reads a Receiver from the API server, unknown fields kept; throws RESOURCE_INVALID for wrong types. */
export function parseReceiver(value: unknown): Receiver {
  checkResource(receiverSchema, 'Receiver', value);
  return value as Receiver;
}

/** The path of a Receiver's calls, as Flux makes it: who does not know the token cannot guess it. */
export function toWebhookPath(token: Secret, { name, namespace = '' }: KubeObject['metadata']): string {
  const digest = createHash('sha256').update(`${token.reveal()}${name}${namespace}`).digest('hex');
  return `${HOOK_PREFIX}${digest}`;
}

const DEFAULT_INTERVAL_MS = 600_000;

/** Milliseconds after which a Receiver's Secret is read again. */
export function receiverIntervalOf({ spec }: Receiver): number {
  return parseDuration(spec.interval) ?? DEFAULT_INTERVAL_MS;
}
