import { formatKey } from '../model/object-key.ts';
import type { PushRecords } from '../push-record/create-push-records.ts';
import type { Queues } from '../queue/create-queues.ts';
import type { PushDelivery } from '../queue/delivery.ts';
import type { Resources } from '../sync/resources.ts';
import type { Logger } from '../telemetry/create-logger.ts';
import { matchPush } from '../webhook/match-push.ts';
import { toPushSource } from '../webhook/to-push-source.ts';

interface DeliveryDeps {
  readonly resources: Pick<Resources, 'gitRepositories'>;
  readonly queues: Pick<Queues, 'requestSyncs'>;
  readonly pushRecords: PushRecords;
  readonly logger: Logger;
}

/** Handles one delivery: asks for a sync of each source that follows what was pushed, and records why not of the others. */
export async function runDelivery(deps: DeliveryDeps, delivery: PushDelivery): Promise<void> {
  const { push, id } = delivery;
  const match = matchPush(push, deps.resources.gitRepositories().map(toPushSource));
  const pushId = await deps.pushRecords.open({
    deliveryId: id,
    heard: 'webhook',
    provider: push.provider,
    repository: push.repository,
    repositoryUrls: push.repositoryUrls,
    ref: push.ref,
    before: push.before,
    after: push.after,
    heardAt: new Date(delivery.receivedAt).toISOString(),
  });
  const { ref, before, after } = push;
  const firstSeen = delivery.redelivered !== true;
  const hint = { ref, before, after, deliveryId: id, firstSeen, heardAt: delivery.receivedAt, pushId };
  await deps.queues.requestSyncs(match.matched.map((key) => ({ key, cause: 'webhook' as const, hint, pushId })));
  await deps.pushRecords.setMatches(pushId, {
    matched: match.matched.map(formatKey),
    unmatched: match.unmatched.map(({ key, reason }) => ({ key: formatKey(key), reason })),
    reason: match.reason,
  });
  const fields = {
    deliveryId: id,
    provider: push.provider,
    repository: push.repository,
    matched: match.matched.length,
  };
  deps.logger.info(match.reason === undefined ? fields : { ...fields, reason: match.reason }, 'delivery matched');
}
