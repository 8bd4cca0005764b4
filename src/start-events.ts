import { hostname } from 'node:os';
import { createEventRecorder, type EventRecorder } from './kube/create-event-recorder.ts';
import { createNotifier, type NotifierEvent } from './kube/create-notifier.ts';
import type { KubeClient } from './kube/kube-client.ts';
import type { Logger } from './telemetry/create-logger.ts';
import type { Metrics } from './telemetry/metrics.ts';

interface EventsDeps {
  readonly client: KubeClient;
  /** Where notification-controller takes events; undefined: nobody is notified. */
  readonly url: string | undefined;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'notificationsTotal'>;
}

/** Who writes events, by the component of Flux that they appear to come from. */
export interface Events {
  readonly ofSources: EventRecorder;
  readonly ofKustomizations: EventRecorder;
  readonly ofReceivers: EventRecorder;
  stop(): Promise<void>;
}

/** Wires the events: into the cluster and, where one is configured, to Flux's notification-controller. */
export function startEvents({ client, url, logger, metrics }: EventsDeps): Events {
  const notified = (event: NotifierEvent) => {
    metrics.notificationsTotal.inc({ result: event.result });
    if (!('problem' in event)) return;
    const { involvedObject, reason } = event.notification;
    const object = `${involvedObject.kind}/${involvedObject.namespace}/${involvedObject.name}`;
    logger.warn(
      { object, reason, result: event.result, error: event.problem },
      'event not taken by notification-controller',
    );
  };
  const notifier = url === undefined ? undefined : createNotifier({ url, observe: notified });
  const observe = (error: unknown) => logger.warn({ err: error }, 'an event could not be written');
  const options = { instance: hostname(), notifier, observe };
  const ofSources = createEventRecorder(client, { ...options, component: 'source-controller' });
  const ofKustomizations = createEventRecorder(client, { ...options, component: 'kustomize-controller' });
  // No Alert is about Receivers.
  const own = { ...options, notifier: undefined };
  const ofReceivers = createEventRecorder(client, { ...own, component: 'notification-controller' });
  return {
    ofSources,
    ofKustomizations,
    ofReceivers,
    async stop() {
      await Promise.all([ofSources.stop(), ofKustomizations.stop(), ofReceivers.stop()]);
      await notifier?.stop();
    },
  };
}
