import type { PostResult, StatusCredential, StatusProvider } from '../commit-status/commit-status.ts';
import type { Reporters } from '../commit-status/create-reporters.ts';
import type { StatusCredentials } from '../commit-status/find-credentials.ts';
import type { GitRepository } from '../model/git-repository.ts';
import { formatKey } from '../model/object-key.ts';
import type { PushRecords } from '../push-record/create-push-records.ts';
import type { WantedStatus } from '../push-record/push-record.ts';
import type { CommitStatusRequest } from '../queue/commit-status-request.ts';
import type { Queues } from '../queue/create-queues.ts';
import type { Resources } from '../sync/resources.ts';
import type { Logger } from '../telemetry/create-logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { RefusedCredentials } from './refused-credentials.ts';

interface PostDeps {
  readonly resources: Pick<Resources, 'gitRepository'>;
  readonly pushRecords: Pick<PushRecords, 'readStatus' | 'markPosted'>;
  readonly queues: Pick<Queues, 'takeStatusToken' | 'pauseStatus'>;
  readonly reporters: Reporters;
  readonly findProvider: (repositoryUrl: string) => StatusProvider | undefined;
  readonly credentials: StatusCredentials;
  readonly refused: RefusedCredentials;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'commitStatusTotal'>;
}

type Again = { againInMs: number } | undefined;

const RETRY_MS = 5_000;

/** Posts what is wanted now, and again if that changed meanwhile: nothing stale stays posted. */
export async function postCommitStatus(deps: PostDeps, request: CommitStatusRequest): Promise<Again> {
  const status = await deps.pushRecords.readStatus(request);
  const source = deps.resources.gitRepository(request.source);
  if (!status?.wanted || !source || isSaid(status)) return undefined;
  const provider = deps.findProvider(source.spec.url);
  if (provider === undefined) return undefined;
  const { namespace = '' } = source.metadata;
  const known = await deps.credentials.find({ namespace, secretRef: source.spec.secretRef }, provider);
  const posting = { request, source, provider, wanted: status.wanted };
  for (const { credential, isLast } of deps.refused.order(known, source.spec.url)) {
    const attempt = await post(deps, posting, credential);
    if (attempt.kind === 'wait') return { againInMs: attempt.ms };
    const { result } = attempt;
    if (result.kind !== 'failed' || !result.byCredential || isLast) {
      return await conclude(deps, posting, { result, credential });
    }
    deps.refused.add(credential, source.spec.url);
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
  readonly provider: StatusProvider;
  readonly wanted: WantedStatus;
}

type PostAttempt =
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'done'; readonly result: PostResult };

async function post(
  deps: PostDeps,
  { request, source, provider, wanted }: Posting,
  credential: StatusCredential,
): Promise<PostAttempt> {
  const waitMs = await deps.queues.takeStatusToken(credential.id);
  if (waitMs > 0) return { kind: 'wait', ms: waitMs };
  const { sha, context } = request;
  const { state, description, targetUrl } = wanted;
  const status = { repositoryUrl: source.spec.url, sha, ref: refOf(source), state, context, description, targetUrl };
  const result = await deps.reporters[provider]?.post(status, credential);
  if (!result) return { kind: 'done', result: { kind: 'failed', message: 'no such provider', byCredential: false } };
  deps.metrics.commitStatusTotal.inc({ provider, result: result.kind });
  return { kind: 'done', result };
}

/** Branch or tag, where the source follows just that. */
function refOf({ spec: { ref } }: GitRepository): string | undefined {
  if (ref?.commit || ref?.name || ref?.semver) return undefined;
  return ref?.tag || ref?.branch || undefined;
}

async function conclude(
  deps: PostDeps,
  { request, wanted }: Posting,
  { result, credential }: { result: PostResult; credential: StatusCredential },
): Promise<Again> {
  switch (result.kind) {
    case 'posted': {
      await deps.pushRecords.markPosted(request, wanted);
      const now = await deps.pushRecords.readStatus(request);
      return now?.wanted && !isSaid(now) ? { againInMs: 0 } : undefined;
    }
    case 'failed':
      deps.logger.error({ ...fieldsOf(request), error: result.message }, 'commit status refused');
      await deps.pushRecords.markPosted(request, wanted);
      return undefined;
    case 'rateLimited': {
      const pause = { ms: result.retryAfterMs, told: result.told };
      const againInMs = await deps.queues.pauseStatus(credential.id, pause);
      deps.logger.warn({ ...fieldsOf(request), retryAfterMs: againInMs }, 'commit status rate limited');
      return { againInMs };
    }
    case 'retry':
      deps.logger.warn({ ...fieldsOf(request), error: result.message }, 'commit status not posted, will retry');
      return { againInMs: RETRY_MS };
  }
}

function fieldsOf(request: CommitStatusRequest) {
  return { object: formatKey(request.source), sha: request.sha, context: request.context };
}

function isSaid({ wanted, posted }: { wanted?: WantedStatus | undefined; posted?: WantedStatus | undefined }): boolean {
  return wanted?.state === posted?.state && wanted?.description === posted?.description;
}
