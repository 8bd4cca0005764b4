/**
 * Flux's Alert and Provider, as far as commit statuses need them. Flux's own CRDs define them; Hawser installs none, so
 * there is no whole schema here: fields are read from whichever version the cluster serves, and what else an object has
 * is kept for the expressions that look at it.
 */
import { z } from 'zod';
import type { KubeObject } from './kube-object.ts';

export const NOTIFICATION_GROUP = 'notification.toolkit.fluxcd.io';

/** What an object's annotations of this prefix tell goes into the metadata of its events. */
export const EVENT_ANNOTATION_PREFIX = 'event.toolkit.fluxcd.io/';

const reference = z.looseObject({ name: z.string() });
const Name = z.looseObject({ name: z.string(), namespace: z.string() });

const eventSource = z.looseObject({
  kind: z.string(),
  name: z.string(),
  namespace: z.string().optional(),
  matchLabels: z.record(z.string(), z.string()).optional(),
});

const alertSchema = z.looseObject({
  metadata: Name,
  spec: z.looseObject({
    providerRef: reference,
    eventSeverity: z.string().optional(),
    eventSources: z.array(eventSource).optional(),
    inclusionList: z.array(z.string()).optional(),
    exclusionList: z.array(z.string()).optional(),
    eventMetadata: z.record(z.string(), z.string()).optional(),
    summary: z.string().optional(),
    suspend: z.boolean().optional(),
  }),
});

const providerSchema = z.looseObject({
  metadata: Name.extend({ uid: z.string().optional(), generation: z.int().optional() }),
  spec: z.looseObject({
    type: z.string(),
    address: z.string().optional(),
    username: z.string().optional(),
    timeout: z.string().optional(),
    proxy: z.string().optional(),
    proxySecretRef: reference.optional(),
    secretRef: reference.optional(),
    certSecretRef: reference.optional(),
    serviceAccountName: z.string().optional(),
    commitStatusExpr: z.string().optional(),
    suspend: z.boolean().optional(),
  }),
});

/** Which events go to which Provider. */
export type Alert = z.infer<typeof alertSchema>;
/** Where events go, and as whom. */
export type Provider = z.infer<typeof providerSchema>;

/** Reads an Alert; undefined for what no version of its definition would let pass. */
export function parseAlert(object: KubeObject | undefined): Alert | undefined {
  return alertSchema.safeParse(object).data;
}

/** Reads a Provider; undefined for what no version of its definition would let pass. */
export function parseProvider(object: KubeObject | undefined): Provider | undefined {
  return providerSchema.safeParse(object).data;
}
