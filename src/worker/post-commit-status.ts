import type { PostResult } from '../commit-status/commit-status.ts';
import type { StatusRoutes } from '../commit-status/find-routes.ts';
import type { StatusRoute } from '../commit-status/status-route.ts';
import type { GitRepository } from '../model/git-repository.ts';
import { formatKey } from '../model/object-key.ts';
import { formatRevision, parseRevision } from '../model/revision.ts';
import type { PushRecords } from '../push-record/create-push-records.ts';
import type { PostedStatus, WantedStatus } from '../push-record/push-record.ts';
import type { CommitStatusRequest } from '../queue/commit-status-request.ts';
import type { Queues } from '../queue/create-queues.ts';
import type { Resources } from '../sync/resources.ts';
import type { Logger } from '../telemetry/create-logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { RefusedCredentials } from './refused-credentials.ts';
import { toStatusObjects } from './to-status-objects.ts';

interface PostDeps {
  readonly resources: Pick<Resources, 'gitRepository' | 'kustomization' | 'kustomizationsOf'>;
  readonly pushRecords: Pick<PushRecords, 'readStatus' | 'markPosted'>;
  readonly queues: Pick<Queues, 'takeStatusToken' | 'pauseStatus'>;
  readonly routes: Pick<StatusRoutes, 'find'>;
  readonly refused: RefusedCredentials;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'commitStatusTotal'>;
  readonly now: () => Date;
}

type Again = { againInMs: number } | undefined;

const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 300_000;

/** A quarter of the time that a status has waited already: an outage must not use up the budget for what follows it. */
function retryMs({ at }: WantedStatus, now: Date): number {
  return Math.min(Math.max((now.getTime() - at) / 4, FIRST_RETRY_MS), LONGEST_RETRY_MS);
}

/** Posts what is wanted now, and again if that changed meanwhile: nothing stale stays posted. */
export async function postCommitStatus(deps: PostDeps, request: CommitStatusRequest): Promise<Again> {
  const status = await deps.pushRecords.readStatus(request);
  const source = deps.resources.gitRepository(request.source);
  if (!status?.wanted || !source || isSaid(status)) return undefined;
  const { wanted } = status;
  const { namespace = '' } = source.metadata;
  const { url, secretRef, proxySecretRef } = source.spec;
  const known = await deps.routes.find({
    repositoryUrl: url,
    source: { namespace, secretRef, proxySecretRef },
    context: request.context,
    revision: revisionOf(source, request.sha),
    about: toStatusObjects(deps.resources, request, source),
    said: wanted,
    corrects: status.posted !== undefined,
  });
  const posting = { request, source, wanted, posted: status.posted };
  for (const { route, isLast } of deps.refused.order(known)) {
    const attempt = await post(deps, posting, route);
    if (attempt.kind === 'wait') return { againInMs: attempt.ms };
    const { result } = attempt;
    if (result.kind !== 'failed' || !result.byCredential || isLast) {
      return await conclude(deps, posting, { result, route });
    }
    deps.refused.add(route);
    deps.logger.debug(
      { ...fieldsOf(request), error: result.message },
      'commit status refused, another credential is tried',
    );
  }
  return undefined;
}

interface Posting {
  readonly request: CommitStatusRequest;
  readonly source: GitRepository;
  readonly wanted: WantedStatus;
  readonly posted: PostedStatus | undefined;
}

type PostAttempt =
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'done'; readonly result: PostResult };

async function post(deps: PostDeps, posting: Posting, route: StatusRoute): Promise<PostAttempt> {
  const { request, source, wanted } = posting;
  const { provider, repositoryUrl, credential, reporter } = route;
  const { state, description, targetUrl } = wanted;
  const status = { repositoryUrl, sha: request.sha, ref: refOf(source), state, description, targetUrl };
  let result: PostResult = { kind: 'posted' };
  for (const context of contextsOf(posting, route)) {
    const waitMs = await deps.queues.takeStatusToken(credential.id);
    if (waitMs > 0) return { kind: 'wait', ms: waitMs };
    result = await reporter.post({ ...status, context }, credential);
    deps.metrics.commitStatusTotal.inc({ provider, result: result.kind });
    if (result.kind !== 'posted') break;
  }
  return { kind: 'done', result };
}

/** Where something stands already, it is answered: an expression may give another context by now, or fail. */
function contextsOf({ request, posted }: Posting, route: StatusRoute): readonly string[] {
  return (posted ? posted.contexts : route.contexts) ?? [request.context];
}

/** As the source says it, or would. */
function revisionOf(source: GitRepository, sha: string): string {
  const known = source.status?.artifact?.revision;
  if (known !== undefined && parseRevision(known)?.sha === sha) return known;
  return formatRevision({ ref: refOf(source) ?? '', sha });
}

/** Branch or tag, where the source follows just that. */
function refOf({ spec: { ref } }: GitRepository): string | undefined {
  if (ref?.commit || ref?.name || ref?.semver) return undefined;
  return ref?.tag || ref?.branch || undefined;
}

async function conclude(
  deps: PostDeps,
  posting: Posting,
  { result, route }: { result: PostResult; route: StatusRoute },
): Promise<Again> {
  const { request, wanted } = posting;
  const said = { ...wanted, contexts: contextsOf(posting, route) };
  switch (result.kind) {
    case 'posted': {
      await deps.pushRecords.markPosted(request, said);
      const now = await deps.pushRecords.readStatus(request);
      return now?.wanted && !isSaid(now) ? { againInMs: 0 } : undefined;
    }
    case 'failed':
      deps.logger.error({ ...fieldsOf(request), error: result.message }, 'commit status refused');
      await deps.pushRecords.markPosted(request, said);
      return undefined;
    case 'rateLimited': {
      const pause = { ms: result.retryAfterMs, told: result.told };
      const againInMs = await deps.queues.pauseStatus(route.credential.id, pause);
      deps.logger.warn({ ...fieldsOf(request), retryAfterMs: againInMs }, 'commit status rate limited');
      return { againInMs };
    }
    case 'retry':
      deps.logger.warn({ ...fieldsOf(request), error: result.message }, 'commit status not posted, will retry');
      return { againInMs: retryMs(wanted, deps.now()) };
  }
}

function fieldsOf(request: CommitStatusRequest) {
  return { object: formatKey(request.source), sha: request.sha, context: request.context };
}

function isSaid({ wanted, posted }: { wanted?: WantedStatus | undefined; posted?: WantedStatus | undefined }): boolean {
  return wanted?.state === posted?.state && wanted?.description === posted?.description;
}
