import type { CommitStatusReporter, PostResult } from '../commit-status/commit-status.ts';
import { toCredentialId } from '../commit-status/credential-id.ts';
import type { Secret } from '../errors/secret.ts';
import { formatKey } from '../model/object-key.ts';
import type { PushRecords } from '../push-record/create-push-records.ts';
import type { CommitStatusRequest } from '../queue/commit-status-request.ts';
import type { Queues } from '../queue/create-queues.ts';
import type { Resources } from '../sync/resources.ts';
import type { Logger } from '../telemetry/create-logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';

interface PostDeps {
  readonly resources: Pick<Resources, 'gitRepository'>;
  readonly pushRecords: PushRecords;
  readonly queues: Pick<Queues, 'takeStatusToken' | 'pauseStatus'>;
  readonly reporter: CommitStatusReporter;
  readonly credential: Secret;
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
  const credentialId = toCredentialId(deps.credential);
  const waitMs = await deps.queues.takeStatusToken(credentialId);
  if (waitMs > 0) return { againInMs: waitMs };

  const { state, description, targetUrl } = status.wanted;
  const { sha, context } = request;
  const result = await deps.reporter.post(
    { repositoryUrl: source.spec.url, sha, state, context, description, targetUrl },
    deps.credential,
  );
  deps.metrics.commitStatusTotal.inc({ provider: 'github', result: result.kind });
  return await conclude(deps, { request, wanted: status.wanted, result, credentialId });
}

type Wanted = NonNullable<NonNullable<Awaited<ReturnType<PushRecords['readStatus']>>>['wanted']>;

interface Posted {
  readonly request: CommitStatusRequest;
  readonly wanted: Wanted;
  readonly result: PostResult;
  readonly credentialId: string;
}

async function conclude(deps: PostDeps, { request, wanted, result, credentialId }: Posted): Promise<Again> {
  const fields = { object: formatKey(request.source), sha: request.sha, context: request.context };
  switch (result.kind) {
    case 'posted': {
      await deps.pushRecords.markPosted(request, wanted);
      const now = await deps.pushRecords.readStatus(request);
      return now?.wanted && !isSaid(now) ? { againInMs: 0 } : undefined;
    }
    case 'failed':
      deps.logger.error({ ...fields, error: result.message }, 'commit status refused');
      await deps.pushRecords.markPosted(request, wanted);
      return undefined;
    case 'rateLimited':
      deps.logger.warn({ ...fields, retryAfterMs: result.retryAfterMs }, 'commit status rate limited');
      await deps.queues.pauseStatus(credentialId, result.retryAfterMs);
      return { againInMs: result.retryAfterMs };
    case 'retry':
      deps.logger.warn({ ...fields, error: result.message }, 'commit status not posted, will retry');
      return { againInMs: RETRY_MS };
  }
}

function isSaid({ wanted, posted }: { wanted?: Wanted | undefined; posted?: Wanted | undefined }): boolean {
  return wanted?.state === posted?.state && wanted?.description === posted?.description;
}
