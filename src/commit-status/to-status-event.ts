import { type Alert, EVENT_ANNOTATION_PREFIX } from '../model/alert.ts';
import { type Condition, findCondition } from '../model/conditions.ts';
import type { KubeObject } from '../model/kube-object.ts';
import type { StatusObject } from './match-alerts.ts';
import type { StatusSubject } from './status-route.ts';

/** As which of Flux's controllers an object of each kind has its events. */
const KINDS = {
  GitRepository: { apiVersion: 'source.toolkit.fluxcd.io/v1', controller: 'source-controller' },
  Kustomization: { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', controller: 'kustomize-controller' },
} as const satisfies Record<StatusObject['kind'], object>;

/** Who says what, and through which Alert. */
export interface StatusEventContext {
  readonly subject: Pick<StatusSubject, 'revision' | 'said'>;
  readonly alert: Alert;
  /** Names this process. */
  readonly instance: string;
}

/**
 * What a commit status says of an object in the form of Flux's event, as notification-controller hands it to
 * expressions: its metadata is put together from annotations, Alert and controller, the later ones winning. Pure.
 */
export function toStatusEvent(about: StatusObject, { subject, alert, instance }: StatusEventContext) {
  const { kind, namespace, name, object } = about;
  const { apiVersion, controller } = KINDS[kind];
  const { uid, resourceVersion } = object?.metadata ?? {};
  const { state, description, at } = subject.said;
  const severity = state === 'failure' || state === 'error' ? 'error' : 'info';
  return {
    involvedObject: { kind, namespace, name, uid, apiVersion: object?.apiVersion ?? apiVersion, resourceVersion },
    severity,
    timestamp: `${new Date(at).toISOString().slice(0, 19)}Z`,
    message: description,
    reason: reasonOf(object) ?? severity,
    metadata: {
      ...readAnnotations(object),
      ...alert.spec.eventMetadata,
      ...(alert.spec.summary ? { summary: alert.spec.summary } : {}),
      commit_status: 'update',
      revision: subject.revision,
    },
    reportingController: controller,
    reportingInstance: instance,
  };
}

/** Flux takes it from the condition as well. */
function reasonOf(object: KubeObject | undefined): string | undefined {
  const status = object?.status as { conditions?: readonly Condition[] } | undefined;
  return findCondition(status?.conditions, 'Ready')?.reason;
}

function readAnnotations(object: KubeObject | undefined): Record<string, string> {
  const told = Object.entries(object?.metadata.annotations ?? {}).filter(([key]) =>
    key.startsWith(EVENT_ANNOTATION_PREFIX),
  );
  return Object.fromEntries(told.map(([key, value]) => [key.slice(EVENT_ANNOTATION_PREFIX.length), value]));
}
