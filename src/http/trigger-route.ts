import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { HawserError } from '../errors/hawser-error.ts';
import type { AccessQuestion } from '../kube/review-access.ts';
import { SOURCE_GROUP } from '../model/git-repository.ts';
import { KUSTOMIZE_GROUP } from '../model/kustomization.ts';
import { formatKey, type ObjectKey, type SyncKind } from '../model/object-key.ts';
import { acceptTrigger, type TriggerAcceptance, type TriggerTarget } from './accept-trigger.ts';
import type { Authenticate } from './authenticate.ts';
import { createBodyBudget } from './body-budget.ts';
import { sendError, toErrorReply } from './error-reply.ts';
import { parseIdempotencyKey, parseTarget, parseTriggerBody, parseWait } from './parse-trigger.ts';
import { readBody } from './read-body.ts';
import { type FollowedRecords, INTERRUPTED, streamPush } from './stream-push.ts';

type TriggerResult = 'accepted' | 'repeated' | 'refused' | 'forbidden' | 'invalid' | 'unavailable';

/** How one call of the trigger ended, for metrics and the log. */
export interface ObservedTrigger {
  readonly result: TriggerResult;
  /** What was triggered, by whom, and the record that tells; of a call that was taken. */
  readonly object?: string;
  readonly by?: string;
  readonly pushId?: string;
  /** Of a call that was not. */
  readonly error?: unknown;
}

/** What the trigger needs of the rest of Hawser. */
export interface TriggerOptions extends TriggerAcceptance {
  readonly pushRecords: TriggerAcceptance['pushRecords'] & FollowedRecords;
  readonly authenticate: Authenticate;
  /** Undefined if there is no such object; throws while the objects are not known yet. */
  findTarget(key: ObjectKey): TriggerTarget | undefined;
  /** Where people reach this listener, without a slash at the end. */
  readonly externalUrl?: string | undefined;
  observe?(trigger: ObservedTrigger): void;
  /** Called with the number of open streams whenever it changes. */
  observeStreams?(open: number): void;
  readonly limits?: Partial<TriggerLimits> | undefined;
}

interface TriggerLimits {
  readonly mostStreams: number;
  readonly heartbeatMs: number;
}

const DEFAULT_LIMITS: TriggerLimits = { mostStreams: 200, heartbeatMs: 15_000 };
const BODY_LIMITS = { maxBytes: 16_384, timeoutMs: 10_000 };
const MOST_UNFINISHED_BYTES = 1_024 * 1_024;

interface TriggerRequest {
  Params: { kind: string; namespace: string; name: string };
  Querystring: Record<string, unknown>;
}

/** `POST /trigger/<kind>/<namespace>/<name>`: asks for a sync, and tells how it went to who waits. */
export function triggerRoute(app: FastifyInstance, options: TriggerOptions, done: () => void): void {
  const bodyLimits = { ...BODY_LIMITS, budget: createBodyBudget(MOST_UNFINISHED_BYTES) };
  const streams = createStreams(options);
  app.addHook('preClose', async () => streams.stop());

  app.post<TriggerRequest>('/trigger/:kind/:namespace/:name', async (request, reply) => {
    const caller = await options.authenticate(request.headers.authorization);
    const key = parseTarget(request.params);
    const idempotencyKey = parseIdempotencyKey(request.headers['idempotency-key']);
    const { wait, timeoutMs } = parseWait(request.query);
    await caller.require(toRight(key));
    const { expectedSha } = parseTriggerBody(await readBody(request.raw, bodyLimits));
    const target = requireTarget(options, key);
    if (expectedSha !== undefined && !target.source) throw noCommits(target);
    if (wait) streams.requireRoom();
    const { id, isRepeated } = await acceptTrigger(options, { target, by: caller.name, expectedSha, idempotencyKey });
    const result = isRepeated ? 'repeated' : 'accepted';
    options.observe?.({ result, object: formatKey(key), by: caller.name, pushId: id });
    const answer = { id, push: `${options.externalUrl ?? ''}/pushes/${id}`, ...(isRepeated ? { repeated: true } : {}) };
    return wait ? streams.send(reply, answer, timeoutMs) : reply.code(202).send(answer);
  });

  app.setErrorHandler((error, _request, reply) => {
    options.observe?.({ result: toResult(toErrorReply(error).status), error });
    return sendError(reply, error);
  });
  done();
}

const RESOURCES: Readonly<Record<SyncKind, Pick<AccessQuestion, 'group' | 'resource'>>> = {
  GitRepository: { group: SOURCE_GROUP, resource: 'gitrepositories' },
  Kustomization: { group: KUSTOMIZE_GROUP, resource: 'kustomizations' },
};

/** Whoever may patch an object may ask for its sync by annotation, too: the trigger gives nobody more. */
export function toRight({ kind, namespace, name }: ObjectKey): AccessQuestion {
  return { verb: 'patch', ...RESOURCES[kind], namespace, name };
}

function requireTarget(options: TriggerOptions, key: ObjectKey): TriggerTarget {
  const target = options.findTarget(key);
  if (target) return target;
  throw new HawserError('HTTP_NOT_FOUND', `there is no ${formatKey(key)}, or this Hawser does not watch its namespace`);
}

function noCommits({ key }: TriggerTarget): HawserError {
  return new HawserError('TRIGGER_INVALID', `the source of ${formatKey(key)} is no GitRepository: leave revision out`);
}

const RESULTS: Readonly<Record<number, TriggerResult>> = { 401: 'refused', 403: 'forbidden' };

function toResult(status: number): TriggerResult {
  return RESULTS[status] ?? (status >= 500 ? 'unavailable' : 'invalid');
}

/** The open streams: bounded in number, and told when the process stops. */
function createStreams(options: TriggerOptions) {
  const { mostStreams, heartbeatMs } = { ...DEFAULT_LIMITS, ...options.limits };
  const open = new Set<AbortController>();
  const count = () => options.observeStreams?.(open.size);
  return {
    requireRoom() {
      if (open.size < mostStreams) return;
      throw new HawserError('HTTP_OVERLOADED', 'too many triggers are waited for; ask without wait=true, or later');
    },
    send(reply: FastifyReply, head: { readonly id: string; readonly push: string }, timeoutMs: number): FastifyReply {
      const controller = new AbortController();
      open.add(controller);
      count();
      reply.raw.once('close', () => {
        controller.abort();
        open.delete(controller);
        count();
      });
      const { pushRecords, now } = options;
      const { signal } = controller;
      const lines = streamPush(pushRecords, { id: head.id, head, timeoutMs, heartbeatMs, signal, now });
      reply.code(200).type('application/x-ndjson; charset=utf-8');
      reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no');
      return reply.send(Readable.from(lines));
    },
    stop() {
      for (const controller of open) controller.abort(INTERRUPTED);
    },
  };
}
