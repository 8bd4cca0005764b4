import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import type { Secret } from '../errors/secret.ts';
import type { Push } from '../model/push.ts';
import { toDeliveryId } from '../webhook/delivery-id.ts';
import { parseGitHubDelivery } from '../webhook/parse-github-delivery.ts';
import { type DeliveryHeaders, verifyGitHubDelivery } from '../webhook/verify-github-delivery.ts';
import { createBodyBudget } from './body-budget.ts';
import { sendError, toErrorReply } from './error-reply.ts';
import { readBody } from './read-body.ts';

/** A verified push, as it is handed to the delivery queue. */
export interface ReceivedDelivery {
  readonly id: string;
  readonly push: Push;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
}

/** How one webhook call ended, for metrics. */
export interface ObservedDelivery {
  readonly provider: 'github';
  readonly result: 'accepted' | 'ignored' | 'refused' | 'invalid' | 'unavailable';
  readonly durationMs: number;
}

/** What the webhook route needs of the rest of Hawser. */
export interface GitHubWebhookOptions {
  readonly githubSecrets: readonly Secret[];
  /** Persists the delivery before it resolves. */
  addDelivery(delivery: ReceivedDelivery): Promise<{ readonly pushId: string; readonly redelivered: boolean }>;
  /** Why, as far as is known now, no source will follow the push; the answer carries it. */
  whyUninteresting?(push: Push): string | undefined;
  observe?(delivery: ObservedDelivery): void;
  /** Where people reach this listener, without a slash at the end; pushes are linked relative to it. */
  readonly externalUrl?: string | undefined;
  readonly limits?: Partial<WebhookLimits> | undefined;
}

interface WebhookLimits {
  /** Bytes of one body. */
  readonly maxBodyBytes: number;
  /** Bytes of all bodies that are being received. */
  readonly maxUnfinishedBytes: number;
  /** Milliseconds for one body to arrive. */
  readonly bodyTimeoutMs: number;
  /** Milliseconds for a delivery to be stored; GitHub waits 10 s for the answer. */
  readonly storeTimeoutMs: number;
}

/** What a delivery is answered with. */
interface DeliveryAnswer {
  readonly id: string;
  readonly status: 'accepted' | 'ignored';
  /** Where to see what becomes of the push. */
  readonly push?: string;
  readonly reason?: string;
}

const ROUTE = '/webhooks/github';
const DELIVERY_TAKEN = 'delivery answered';

const DEFAULT_LIMITS: WebhookLimits = {
  maxBodyBytes: 25 * 1_024 * 1_024,
  maxUnfinishedBytes: 128 * 1_024 * 1_024,
  bodyTimeoutMs: 10_000,
  storeTimeoutMs: 5_000,
};

/** `POST /webhooks/github`: verify the raw bytes, persist, answer. Everything else happens after the answer. */
export function githubWebhook(app: FastifyInstance, options: GitHubWebhookOptions, done: () => void): void {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const budget = createBodyBudget(limits.maxUnfinishedBytes);
  const bodyLimits = { maxBytes: limits.maxBodyBytes, timeoutMs: limits.bodyTimeoutMs, budget };

  app.post(ROUTE, async (request, reply) => {
    const receivedAt = Date.now();
    const raw = await readBody(request.raw, bodyLimits);
    const headers = toSingleHeaders(request);
    await verifyGitHubDelivery(raw, headers, options.githubSecrets);
    const parsed = parseGitHubDelivery(raw, headers);
    const { deliveryId } = parsed;
    const hookId = headers['x-github-hook-id'] ?? '';
    const id = toDeliveryId({ provider: 'github', route: ROUTE, hookId, deliveryId });
    const answer: DeliveryAnswer =
      parsed.kind === 'ignored'
        ? { id, status: 'ignored', reason: parsed.reason }
        : await accept({ id, push: parsed.push, receivedAt }, { ...options, storeTimeoutMs: limits.storeTimeoutMs });
    request.log.info(
      { deliveryId: id, provider: 'github', result: answer.status, reason: answer.reason },
      DELIVERY_TAKEN,
    );
    options.observe?.({ provider: 'github', result: answer.status, durationMs: reply.elapsedTime });
    return reply.code(202).send(answer);
  });

  app.setErrorHandler((error, request, reply) => {
    const { status, code } = toErrorReply(error);
    const facts = { provider: 'github', code, err: error };
    if (status >= 500) request.log.error({ ...facts, cause: toCause(error) }, 'delivery not taken');
    else request.log.info(facts, 'delivery refused');
    options.observe?.({ provider: 'github', result: toResult(status), durationMs: reply.elapsedTime });
    return sendError(reply, error);
  });
  done();
}

type Acceptance = Pick<GitHubWebhookOptions, 'addDelivery' | 'whyUninteresting' | 'externalUrl'> & {
  readonly storeTimeoutMs: number;
};

/** Every push is stored, even one that nobody seems to follow: only the delivery's job knows for sure. */
async function accept(delivery: ReceivedDelivery, options: Acceptance): Promise<DeliveryAnswer> {
  const { pushId } = await withinTime(options.addDelivery(delivery), options.storeTimeoutMs);
  const push = `${options.externalUrl ?? ''}/pushes/${encodeURIComponent(pushId)}`;
  const reason = options.whyUninteresting?.(delivery.push);
  return { id: delivery.id, status: 'accepted', push, ...(reason === undefined ? {} : { reason }) };
}

async function withinTime<T>(storing: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not stored within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await Promise.race([storing, timeout]);
  } catch (error) {
    throw notStored(error);
  } finally {
    clearTimeout(timer);
  }
}

function notStored(cause: unknown): HawserError {
  const message =
    'the delivery is authentic but could not be stored (Redis does not answer): redeliver it later, or wait until polling finds the push';
  return new HawserError('DELIVERY_NOT_STORED', message, { cause });
}

/** A header that came as a list is left out: none that is used may come twice. */
function toSingleHeaders(request: FastifyRequest): DeliveryHeaders {
  const entries = Object.entries(request.headers).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries);
}

function toCause(error: unknown): string | undefined {
  return error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : undefined;
}

function toResult(status: number): ObservedDelivery['result'] {
  if (status === 401) return 'refused';
  return status >= 500 ? 'unavailable' : 'invalid';
}
