import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { HawserError } from '../errors/hawser-error.ts';
import { redactData } from '../errors/redact.ts';
import type { AccessQuestion } from '../kube/review-access.ts';
import { SOURCE_GROUP } from '../model/git-repository.ts';
import { PROVIDERS } from '../model/push.ts';
import type { PushRecords } from '../push-record/create-push-records.ts';
import { judgePush, VERDICTS } from '../push-record/judge-push.ts';
import type { PushRecord } from '../push-record/push-record.ts';
import type { Authenticate } from './authenticate.ts';
import { sendError, toErrorReply } from './error-reply.ts';
import { invalid } from './parse-trigger.ts';
import { type ReplayOptions, replayPush } from './replay-push.ts';

/** What the API needs of the rest of Hawser. */
export interface PushApiOptions extends ReplayOptions {
  readonly pushRecords: ReplayOptions['pushRecords'] & Pick<PushRecords, 'list'>;
  readonly authenticate: Authenticate;
  /** The only namespace that is watched; who may list its GitRepositories may read. */
  readonly namespace: string | undefined;
  observeReplay?(replay: { readonly pushId: string; readonly by: string; readonly matched: number }): void;
  observeFailure?(error: unknown): void;
}

const PUSH_ID = /^[\w-]{1,128}$/;
/** Records that one request looks through, in pages: what is rare is found by going on from `next`. */
const MOST_SCANNED = 1_000;
const PAGE = 100;

const Query = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  before: z.string().regex(PUSH_ID).optional(),
  source: z
    .string()
    .regex(/^[-a-z0-9.]+\/[-a-z0-9.]+$/, 'must be <namespace>/<name> of a GitRepository')
    .optional(),
  commit: z
    .string()
    .regex(/^[0-9a-f]{7,40}$/, 'must be 7 to 40 hex digits')
    .optional(),
  provider: z.enum(PROVIDERS).optional(),
  heard: z.enum(['webhook', 'poll', 'trigger']).optional(),
  outcome: z.enum([...VERDICTS, 'pending']).optional(),
});
type Filter = z.infer<typeof Query>;

/** `/api/pushes`: the records of pushes, for people and programs, and asking for one again. */
export function pushApi(app: FastifyInstance, options: PushApiOptions, done: () => void): void {
  const { authenticate, pushRecords, namespace } = options;
  const right: AccessQuestion = { verb: 'list', group: SOURCE_GROUP, resource: 'gitrepositories', namespace };
  const admit = async (authorization: string | undefined) => {
    const caller = await authenticate(authorization);
    await caller.require(right);
    return caller;
  };
  const find = async (id: string) => {
    const record = PUSH_ID.test(id) ? await pushRecords.read(id) : undefined;
    if (!record) throw new HawserError('HTTP_NOT_FOUND', 'there is no such push, or it is no longer kept');
    return record;
  };
  app.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'));

  app.get('/api/pushes', async (request, reply) => {
    await admit(request.headers.authorization);
    const query = Query.safeParse(request.query);
    if (!query.success) throw invalid(query.error.issues.map(({ path, message }) => `${path}: ${message}`).join('; '));
    return reply.send(await searchPushes(pushRecords, query.data));
  });

  app.get<{ Params: { id: string } }>('/api/pushes/:id', async (request, reply) => {
    await admit(request.headers.authorization);
    return reply.send(toAnswer(await find(request.params.id)));
  });

  app.post<{ Params: { id: string } }>('/api/pushes/:id/replay', async (request, reply) => {
    request.raw.resume();
    const caller = await admit(request.headers.authorization);
    const answer = await replayPush(options, { record: await find(request.params.id), caller });
    options.observeReplay?.({ pushId: answer.id, by: caller.name, matched: answer.matched.length });
    return reply.code(202).send(answer);
  });

  app.setErrorHandler((error, _request, reply) => {
    if (toErrorReply(error).status >= 500) options.observeFailure?.(error);
    return sendError(reply, error);
  });
  done();
}

/** The newest that fit, and where to go on; a page may be short, or empty, while there is a `next`. */
async function searchPushes(pushRecords: Pick<PushRecords, 'list'>, filter: Filter) {
  const found: PushRecord[] = [];
  let next = filter.before;
  for (let scanned = 0; scanned < MOST_SCANNED && found.length < filter.limit; scanned += PAGE) {
    const page = await pushRecords.list({ limit: PAGE, before: next });
    for (const record of page.records) {
      if (!fits(record, filter)) continue;
      found.push(record);
      if (found.length === filter.limit) return toPage(found, record.id);
    }
    next = page.next;
    if (next === undefined) break;
  }
  return toPage(found, next);
}

function toPage(records: readonly PushRecord[], next: string | undefined) {
  const pushes = records.map((record) => {
    const { steps: _, stepsDropped: __, ...summary } = toAnswer(record);
    return summary;
  });
  return { pushes, ...(next === undefined ? {} : { next }) };
}

/** A record with its verdict, in one word and in full. */
function toAnswer(record: PushRecord) {
  const verdict = judgePush(record);
  const answer = { ...record, outcome: verdict?.verdict ?? 'pending', ...(verdict ? { verdict } : {}) };
  return redactData(answer) as typeof answer;
}

function fits(record: PushRecord, { source, commit, provider, heard, outcome }: Filter): boolean {
  if (source !== undefined && !record.matched.includes(`GitRepository/${source}`)) return false;
  if (commit !== undefined && !commitsOf(record).some((sha) => sha.startsWith(commit))) return false;
  if (provider !== undefined && record.provider !== provider) return false;
  if (heard !== undefined && record.heard !== heard) return false;
  return outcome === undefined || (judgePush(record)?.verdict ?? 'pending') === outcome;
}

/** What a push announced, and what was found. */
function commitsOf({ after, pins }: PushRecord): string[] {
  const found = Object.values(pins).flatMap(({ revision }) => revision?.split(':').at(-1) ?? []);
  return after === undefined ? found : [after, ...found];
}
