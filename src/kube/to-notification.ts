import { redact } from '../errors/redact.ts';
import { type KubeEvent, toEventTime } from './to-event-object.ts';

/** An event as Flux's controllers send it to notification-controller (github.com/fluxcd/pkg/apis/event/v1beta1). */
export interface Notification {
  readonly involvedObject: Readonly<Record<string, string>>;
  readonly severity: 'info' | 'error';
  /** RFC 3339. */
  readonly timestamp: string;
  readonly message: string;
  readonly reason: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly reportingController: string;
  readonly reportingInstance: string;
}

interface Sender {
  readonly component: string;
  readonly instance: string;
}

/** What notification-controller bears; a Kubernetes event ends far earlier. */
const LONGEST_MESSAGE = 39_000;

/** Builds what notification-controller matches with Alerts: by kind, name and namespace, and by severity. Pure. */
export function toNotification(event: KubeEvent, { component, instance }: Sender, now: Date): Notification {
  const { apiVersion, kind, metadata } = event.regarding;
  const { namespace, name, uid, resourceVersion } = metadata;
  const reference = { kind, namespace, name, uid, apiVersion, resourceVersion };
  const { annotations = {} } = event;
  return {
    involvedObject: Object.fromEntries(
      Object.entries(reference).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
    severity: event.severity ?? (event.type === 'Warning' ? 'error' : 'info'),
    timestamp: toEventTime(now),
    message: redact(event.message).slice(0, LONGEST_MESSAGE),
    reason: event.reason,
    ...(Object.keys(annotations).length > 0 && { metadata: annotations }),
    reportingController: component,
    reportingInstance: instance,
  };
}
