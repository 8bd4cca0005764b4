import { createHash } from 'node:crypto';
import type { EmitterWebhookEvent } from '@octokit/webhooks';
import { z } from 'zod';
import { HawserError } from '../errors/hawser-error.ts';
import type { Push } from '../model/push.ts';
import { toRepositoryIdentity } from '../model/repository-url.ts';
import { isSha } from '../model/revision.ts';
import { isRefName } from './is-ref-name.ts';
import type { DeliveryHeaders } from './verify-github-delivery.ts';

/** What an authentic delivery says: a ref moved, or nothing that is of use here. */
export type ParsedDelivery =
  | { readonly kind: 'push'; readonly deliveryId: string; readonly push: Push }
  | { readonly kind: 'ignored'; readonly deliveryId: string; readonly reason: string };

type PushPayload = EmitterWebhookEvent<'push'>['payload'];
type UsedFields = Pick<PushPayload, 'ref' | 'before' | 'after'> & {
  repository: Pick<PushPayload['repository'], 'full_name' | 'clone_url'>;
};

const LONGEST_URL = 2_048;
const EVENT_NAME = /^[a-z][a-z0-9_]{0,63}$/;
const BRANCH = 'refs/heads/';

const sha = z.string().refine(isSha, 'must be a commit id of 40 hex digits');
const url = z.string().max(LONGEST_URL);

/** Only the fields that are used; everything else of a payload is dropped unread. */
const pushPayload = z.object({
  ref: z.string().refine(isRefName, 'must be a full ref name such as refs/heads/main'),
  before: sha,
  after: sha,
  repository: z.object({
    full_name: z.string().regex(/^[\w.-]{1,128}\/[\w.-]{1,128}$/, 'must be of the form owner/name'),
    clone_url: url.refine((value) => toRepositoryIdentity(value) !== undefined, 'must be the URL of a repository'),
    html_url: url.nullish(),
    ssh_url: url.nullish(),
    git_url: url.nullish(),
  }),
}) satisfies z.ZodType<UsedFields>;

/**
 * Reads a delivery that was verified: JSON, or the form encoding with its one field `payload`.
 * Throws WEBHOOK_BODY_INVALID naming the header or field.
 */
export function parseGitHubDelivery(raw: Buffer, headers: DeliveryHeaders): ParsedDelivery {
  const event = headers['x-github-event'];
  if (!event || !EVENT_NAME.test(event)) throw invalid('X-GitHub-Event', 'the header must name an event');
  const deliveryId = headers['x-github-delivery'] || toContentId(raw);
  if (event === 'ping') {
    return { kind: 'ignored', deliveryId, reason: 'ping received: the webhook and its secret are set up correctly' };
  }
  if (event !== 'push') {
    return { kind: 'ignored', deliveryId, reason: `the event ${event} is not used, only push is` };
  }
  const push = toPush(parsePayload(raw, headers['content-type']));
  if (!push.ref.startsWith(BRANCH)) {
    return { kind: 'ignored', deliveryId, reason: `${push.ref} is not a branch, and only branches are followed` };
  }
  return { kind: 'push', deliveryId, push };
}

/** Stands in for a missing delivery id: the same body sent twice is then taken for a redelivery. */
function toContentId(raw: Buffer): string {
  return `body-${createHash('sha256').update(raw).digest('hex')}`;
}

function parsePayload(raw: Buffer, contentType: string | undefined): z.infer<typeof pushPayload> {
  const result = pushPayload.safeParse(parseJson(readPayloadText(raw, contentType)));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalid(issue?.path.join('.') || 'body', issue?.message ?? 'is malformed');
}

function readPayloadText(raw: Buffer, contentType = ''): string {
  const text = raw.toString('utf8');
  if (!contentType.toLowerCase().startsWith('application/x-www-form-urlencoded')) return text;
  const payload = new URLSearchParams(text).get('payload');
  if (payload === null) throw invalid('payload', 'the form has no such field');
  return payload;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // biome-ignore lint/style/useErrorCause: the parser's own message would quote the body in the log
    throw invalid('body', 'is not JSON');
  }
}

function toPush(payload: z.infer<typeof pushPayload>): Push {
  const { full_name, clone_url, html_url, ssh_url, git_url } = payload.repository;
  const urls = [clone_url, html_url, ssh_url, git_url].flatMap((value) => (value ? [withoutSecrets(value)] : []));
  return {
    provider: 'github',
    repositoryUrls: [...new Set(urls)].filter((value) => toRepositoryIdentity(value) !== undefined),
    repository: full_name,
    ref: payload.ref,
    before: payload.before,
    after: payload.after,
  };
}

/** A push is stored and shown, so user-info and query, which may hold credentials, go no further. */
function withoutSecrets(value: string): string {
  const parsed = URL.parse(value);
  if (!parsed || parsed.hostname === '') return value;
  parsed.password = '';
  if (parsed.protocol !== 'ssh:') parsed.username = '';
  parsed.search = '';
  parsed.hash = '';
  return parsed.href;
}

function invalid(field: string, problem: string): HawserError {
  return new HawserError('WEBHOOK_BODY_INVALID', `the delivery is malformed: ${field}: ${problem}`, {
    data: { field },
  });
}
