/** What the job of an accepted call does: finds whom the Receiver names, asks them, and records whom not and why. */
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import type { KubeClient } from '../kube/kube-client.ts';
import type { GitRepository } from '../model/git-repository.ts';
import { formatSubject, type KubeObject, refOf } from '../model/kube-object.ts';
import { keyOf } from '../model/object-key.ts';
import type { Hint, Push } from '../model/push.ts';
import type { Receiver } from '../model/receiver.ts';
import { REQUESTED_AT } from '../model/request-annotation.ts';
import type { PushRecords } from '../push-record/create-push-records.ts';
import type { Queues } from '../queue/create-queues.ts';
import type { CallDelivery, ReceiverCall } from '../queue/delivery.ts';
import type { SyncRequest } from '../queue/pending-request.ts';
import { matchPush } from '../webhook/match-push.ts';
import { toPushSource } from '../webhook/to-push-source.ts';
import { compileFilters, type FilteredBody, type ResourceFilter, toFilteredBody } from './compile-filters.ts';
import { describeCall } from './describe-call.ts';
import { describeEntry, type FoundResource, findResources, type ResourceLookup } from './find-resources.ts';

interface CallDeps extends ResourceLookup {
  readonly client: ResourceLookup['client'] & Pick<KubeClient, 'mergePatch'>;
  readonly receivers: { get(namespace: string, name: string): Receiver | undefined };
  readonly queues: Pick<Queues, 'requestSyncs'>;
  readonly pushRecords: Pick<PushRecords, 'open' | 'setMatches' | 'addStep'>;
  readonly now: () => Date;
  /** Told how each call ended. */
  readonly observe: (call: ObservedCall) => void;
}

/** How a call ended, for the log. */
export interface ObservedCall {
  readonly deliveryId: string;
  readonly receiver: ReceiverCall['receiver'];
  readonly matched: number;
  readonly unmatched: number;
  readonly reason?: string | undefined;
}

interface Outcome {
  readonly matched: string[];
  readonly unmatched: { readonly key: string; readonly reason: string }[];
  /** What may pass: the job is tried again. */
  readonly failures: unknown[];
}

const FIELD_MANAGER = 'notification-controller';
/** Errors of the API server that pass by themselves. */
const PASSING: ReadonlySet<string> = new Set(['KUBE_UNREACHABLE', 'KUBE_UNAVAILABLE', 'REDIS_UNAVAILABLE']);

/**
 * Asks for a sync of each object that the Receiver names and its filters accept. A message never causes more than that.
 * Throws what may pass, once everybody else was asked; asking again is harmless.
 */
export async function runReceiverCall(deps: CallDeps, delivery: CallDelivery): Promise<void> {
  const { call, id } = delivery;
  const pushId = await deps.pushRecords.open({ ...describeCall(delivery), deliveryId: id });
  const outcome: Outcome = { matched: [], unmatched: [], failures: [] };
  const reason = (await askAll(deps, { delivery, pushId, outcome })) ?? whyNobody(outcome);
  const { matched, unmatched, failures } = outcome;
  await deps.pushRecords.setMatches(pushId, { matched, unmatched, reason });
  const detail = `${describeEvent(call)}asked ${matched.length}, not ${unmatched.length}`;
  const object = formatSubject({ kind: 'Receiver', ...call.receiver });
  await deps.pushRecords.addStep(pushId, { at: deps.now().toISOString(), object, step: 'called', detail });
  deps.observe({
    deliveryId: id,
    receiver: call.receiver,
    matched: matched.length,
    unmatched: unmatched.length,
    reason,
  });
  if (failures.length > 0) throw failures[0];
}

interface Run {
  readonly delivery: CallDelivery;
  readonly pushId: string;
  readonly outcome: Outcome;
}

/** Why nobody at all was asked; undefined if somebody may have been. */
async function askAll(deps: CallDeps, run: Run): Promise<string | undefined> {
  const { receiver: name, body } = run.delivery.call;
  const receiver = deps.receivers.get(name.namespace, name.name);
  if (!receiver) return 'the Receiver is gone';
  if (receiver.spec.suspend) return 'the Receiver is suspended';
  const prepared = prepareFilters(receiver, body);
  if (typeof prepared === 'string') return prepared;
  const { filters, filteredBody } = prepared;
  for (const [index, entry] of receiver.spec.resources.entries()) {
    const described = describeEntry(entry, name.namespace);
    const found = await explainFailure(run.outcome, described, () => findResources(deps, entry, name.namespace));
    if (found?.length === 0) run.outcome.unmatched.push({ key: described, reason: 'there is no such object' });
    for (const resource of found ?? []) {
      await askOne(deps, run, { resource, filter: filters[index], body: filteredBody });
    }
  }
  return undefined;
}

interface PreparedFilters {
  readonly filters: readonly (ResourceFilter | undefined)[];
  readonly filteredBody: FilteredBody;
}

/** What cannot be compiled, or a body that cannot be looked at (too deep, say), is the reason for asking nobody. */
function prepareFilters({ spec }: Receiver, body: string | undefined): PreparedFilters | string {
  try {
    return { filters: compileFilters(spec), filteredBody: toFilteredBody(body) };
  } catch (error) {
    return messageOf(error);
  }
}

interface Asked {
  readonly resource: FoundResource;
  readonly filter: ResourceFilter | undefined;
  readonly body: FilteredBody;
}

async function askOne(deps: CallDeps, run: Run, { resource, filter, body }: Asked): Promise<void> {
  const { object } = resource;
  const key = formatSubject(refOf(object));
  if (run.outcome.matched.includes(key)) return;
  const refusal = await explainFailure(run.outcome, key, async () => {
    if (filter && !(await filter(object, body))) return 'the filter is not true';
    if (resource.syncKind !== undefined && (object.spec as { suspend?: boolean }).suspend) return 'suspended';
    await ask(deps, run, resource);
    return '';
  });
  if (refusal === '') run.outcome.matched.push(key);
  else if (refusal !== undefined) run.outcome.unmatched.push({ key, reason: refusal });
}

/** What fails for one object does not concern the others; undefined if it failed. */
async function explainFailure<T>(outcome: Outcome, key: string, attempt: () => Promise<T>): Promise<T | undefined> {
  try {
    return await attempt();
  } catch (error) {
    outcome.unmatched.push({ key, reason: messageOf(error) });
    if (error instanceof HawserError && PASSING.has(error.code)) outcome.failures.push(error);
    return undefined;
  }
}

async function ask(deps: CallDeps, { delivery, pushId }: Run, { object, syncKind }: FoundResource): Promise<void> {
  if (syncKind === undefined) return await annotate(deps, object, delivery.receivedAt);
  const request: SyncRequest = { key: keyOf(syncKind, object), cause: 'webhook', pushId };
  const hints = syncKind === 'GitRepository' ? toHints(delivery, object as GitRepository, pushId) : [];
  await deps.queues.requestSyncs(hints.length === 0 ? [request] : hints.map((hint) => ({ ...request, hint })));
}

/** A push of the source's own repository, on a ref that it follows, is a hint; any other call only asks to look. */
function toHints(delivery: CallDelivery, source: GitRepository, pushId: string): Hint[] {
  const firstSeen = delivery.redelivered !== true;
  const follows = (push: Push) => matchPush(push, [toPushSource(source)]).matched.length > 0;
  return delivery.call.pushes.filter(follows).map(({ ref, before, after }) => ({
    ...{ ref, before, after, pushId, firstSeen },
    deliveryId: delivery.id,
    heardAt: delivery.receivedAt,
  }));
}

/** The time of the call, not of the job: one that is tried again changes nothing that it wrote before. */
async function annotate({ client }: CallDeps, object: KubeObject, receivedAt: number): Promise<void> {
  const annotations = { [REQUESTED_AT]: new Date(receivedAt).toISOString() };
  await client.mergePatch(refOf(object), { metadata: { annotations } }, { fieldManager: FIELD_MANAGER });
}

function describeEvent({ event }: ReceiverCall): string {
  return event === undefined ? '' : `event ${event}: `;
}

function whyNobody({ matched, unmatched }: Outcome): string | undefined {
  if (matched.length > 0) return undefined;
  const [first] = unmatched;
  return first ? `no object was asked; ${first.key}: ${first.reason}` : 'the Receiver names no object';
}
