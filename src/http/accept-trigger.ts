import { createHash } from 'node:crypto';
import { HawserError } from '../errors/hawser-error.ts';
import { formatKey, type ObjectKey } from '../model/object-key.ts';
import type { TriggerNote } from '../model/push.ts';
import type { PushRecords } from '../push-record/create-push-records.ts';
import type { PushOpening, PushRecord } from '../push-record/push-record.ts';
import type { SyncRequest } from '../queue/pending-request.ts';

/** An object that can be triggered, and where it comes from. */
export interface TriggerTarget {
  readonly key: ObjectKey;
  readonly suspended: boolean;
  /** The GitRepository to look at first: the object itself, or what the Kustomization uses. */
  readonly source?:
    | { readonly key: ObjectKey; readonly url: string; readonly ref?: string | undefined; readonly suspended: boolean }
    | undefined;
  /** What another kind of source has published last. */
  readonly artifactRevision?: string | undefined;
}

/** What accepting a trigger needs of the rest of Hawser. */
export interface TriggerAcceptance {
  readonly pushRecords: Pick<PushRecords, 'openOnce' | 'read' | 'addStep' | 'setMatches' | 'setOutcome' | 'setPin'>;
  requestSyncs(requests: readonly SyncRequest[]): Promise<void>;
  readonly now: () => Date;
}

/** A trigger by somebody who may. */
export interface Trigger {
  readonly target: TriggerTarget;
  /** User name of the caller. */
  readonly by: string;
  /** The commit that the caller believes the remote to name. */
  readonly expectedSha: string | undefined;
  readonly idempotencyKey: string | undefined;
}

const REMEMBERED_MS = 24 * 3_600_000;
/** Whoever opened a record asks at once; if nothing was asked for so long, he was killed in between. */
const ASKING_MS = 5_000;

/**
 * Opens the trigger's record and asks for the sync; a key that was used before answers with its record and asks nothing.
 * Throws IDEMPOTENCY_KEY_REUSED, or REDIS_UNAVAILABLE.
 */
export async function acceptTrigger(
  deps: TriggerAcceptance,
  trigger: Trigger,
): Promise<{ readonly id: string; readonly isRepeated: boolean }> {
  const { id, isNew } = await deps.pushRecords.openOnce(toOpening(deps, trigger), REMEMBERED_MS);
  const known = isNew ? undefined : await deps.pushRecords.read(id);
  if (known) {
    refuseOther(known, trigger);
    if (isAsked(known, deps.now())) return { id, isRepeated: true };
  }
  await ask(deps, trigger, id);
  return { id, isRepeated: false };
}

function toOpening(deps: TriggerAcceptance, { target, by, expectedSha, idempotencyKey }: Trigger): PushOpening {
  const { key, source } = target;
  return {
    // Keys of one caller say nothing about those of another.
    ...(idempotencyKey === undefined ? {} : { deliveryId: `trigger-${toDigest(`${by}\n${idempotencyKey}`)}` }),
    heard: 'trigger',
    ...(source === undefined ? {} : { repository: source.url }),
    ...(source?.ref === undefined ? {} : { ref: source.ref }),
    target: formatKey(key),
    ...(expectedSha === undefined ? {} : { expectedSha }),
    by,
    heardAt: deps.now().toISOString(),
  };
}

function toDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function refuseOther(known: PushRecord, { target, expectedSha }: Trigger): void {
  if (known.target === formatKey(target.key) && known.expectedSha === expectedSha) return;
  const revision = known.expectedSha === undefined ? '' : ` at ${known.expectedSha}`;
  throw new HawserError(
    'IDEMPOTENCY_KEY_REUSED',
    `this Idempotency-Key was used for ${known.target ?? 'another object'}${revision}: use a new one`,
  );
}

function isAsked({ steps, heardAt }: PushRecord, now: Date): boolean {
  return steps.length > 0 || now.getTime() - Date.parse(heardAt) < ASKING_MS;
}

async function ask(deps: TriggerAcceptance, { target, by, expectedSha }: Trigger, pushId: string): Promise<void> {
  const { pushRecords } = deps;
  const { key, source } = target;
  const looked = formatKey(source?.key ?? key);
  const step = { at: deps.now().toISOString(), object: formatKey(key), by };
  await pushRecords.setMatches(pushId, { matched: [looked], unmatched: [] });
  const suspended = [source, target].find((candidate) => candidate?.suspended)?.key;
  if (suspended) {
    const message = `${formatKey(suspended)} is suspended, so nothing was asked`;
    await pushRecords.setOutcome(pushId, looked, { kind: 'suspended', message, at: step.at });
    return await pushRecords.addStep(pushId, { ...step, step: 'suspended', detail: message });
  }
  if (source === undefined) {
    const { artifactRevision: revision } = target;
    await pushRecords.setPin(pushId, looked, { revision, isNew: true, asked: [looked] });
  }
  const note = toNote({ pushId, target, expectedSha, saidAt: deps.now().getTime() });
  await deps.requestSyncs([{ key: source?.key ?? key, cause: 'trigger', trigger: note }]);
  await pushRecords.addStep(pushId, { ...step, step: 'requested' });
}

function toNote({
  pushId,
  target: { key },
  expectedSha: sha,
  saidAt,
}: {
  pushId: string;
  target: TriggerTarget;
  expectedSha: string | undefined;
  saidAt: number;
}): TriggerNote {
  return {
    pushId,
    ...(key.kind === 'Kustomization' ? { kustomization: formatKey(key) } : {}),
    ...(sha === undefined ? {} : { expected: { sha, otherwise: 'mismatch', saidAt } }),
  };
}
