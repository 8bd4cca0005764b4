import { randomUUID } from 'node:crypto';
import { redact } from '../errors/redact.ts';
import { EVENT_ANNOTATION_PREFIX } from '../model/alert.ts';
import type { KubeObject } from '../model/kube-object.ts';

/** Something worth telling about an object, in the words of `kubectl describe`. */
export interface KubeEvent {
  readonly regarding: KubeObject;
  readonly type: 'Normal' | 'Warning';
  /** CamelCase. */
  readonly reason: string;
  readonly message: string;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** For Alerts, where it is not what the type says: `error` for a Warning, else `info`. */
  readonly severity?: 'info' | 'error' | undefined;
}

interface EventSource {
  readonly component: string;
  /** Which process; shown as the source's host. */
  readonly instance: string;
}

const LONGEST_MESSAGE_BYTES = 1_024;
/** A name of 253 characters less a dot and sixteen hex digits. */
const LONGEST_NAME = 236;
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Builds a core/v1 Event as client-go writes them; events of cluster-scoped objects live in `default`. */
export function toEventObject(event: KubeEvent, source: EventSource, now: Date): KubeObject {
  const { apiVersion, kind, metadata } = event.regarding;
  const { name, namespace, uid, resourceVersion } = metadata;
  const time = toEventTime(now);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name: toEventName(name, now),
      namespace: namespace ?? 'default',
      ...(event.annotations ? { annotations: { ...event.annotations } } : {}),
    },
    involvedObject: { apiVersion, kind, name, namespace, uid, resourceVersion },
    type: event.type,
    reason: event.reason,
    message: toEventMessage(event.message),
    source: { component: source.component, host: source.instance },
    reportingComponent: source.component,
    reportingInstance: source.instance,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
}

/** The event with what its object's annotations tell to whoever is notified, as Flux copies them; the event's own win. */
export function withObjectAnnotations(event: KubeEvent): KubeEvent {
  const copied = Object.entries(event.regarding.metadata.annotations ?? {}).filter(([key]) =>
    key.startsWith(EVENT_ANNOTATION_PREFIX),
  );
  if (copied.length === 0) return event;
  return { ...event, annotations: { ...Object.fromEntries(copied), ...event.annotations } };
}

/** RFC 3339 without fractions, as metav1.Time is written. */
export function toEventTime(now: Date): string {
  return `${now.toISOString().slice(0, 19)}Z`;
}

/** Redacted, and cut at the API server's limit without splitting a character. */
export function toEventMessage(message: string): string {
  const bytes = Buffer.from(redact(message));
  if (bytes.length <= LONGEST_MESSAGE_BYTES) return bytes.toString('utf8');
  return new TextDecoder().decode(bytes.subarray(0, LONGEST_MESSAGE_BYTES), { stream: true });
}

/** Object's name and time in nanoseconds; names that an event cannot bear (RBAC allows capitals and colons) get a random one. */
function toEventName(name: string, now: Date): string {
  if (name.length > LONGEST_NAME || !DNS_SUBDOMAIN.test(name)) return randomUUID();
  const fraction = process.hrtime.bigint() % 1_000_000n;
  return `${name}.${(BigInt(now.getTime()) * 1_000_000n + fraction).toString(16)}`;
}
