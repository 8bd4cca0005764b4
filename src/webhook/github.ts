import type { EmitterWebhookEvent } from '@octokit/webhooks';
import { z } from 'zod';
import { anyUrl, ref, repositoryUrl, sha, toRepositoryUrls } from './payload-fields.ts';
import { invalid, isForm, readFormPayload, readPayload, toContentId } from './read-payload.ts';
import { toParsedDelivery } from './to-parsed-delivery.ts';
import { toTaggedCommit } from './to-tagged-commit.ts';
import { verifyHexSignature } from './verify-secret.ts';
import type { ParsedDelivery, RawDelivery, WebhookProvider } from './webhook-provider.ts';

type PushPayload = EmitterWebhookEvent<'push'>['payload'];
type UsedFields = Pick<PushPayload, 'ref' | 'before' | 'after'> & {
  repository: Pick<PushPayload['repository'], 'full_name' | 'clone_url'>;
};

const EVENT_NAME = /^[a-z][a-z0-9_]{0,63}$/;

/** Only the fields that are used; everything else of a payload is dropped unread. */
const pushPayload = z.object({
  ref,
  before: sha,
  after: sha,
  head_commit: z.object({ id: sha }).nullish(),
  repository: z.object({
    full_name: z.string().regex(/^[\w.-]{1,128}\/[\w.-]{1,128}$/, 'must be of the form owner/name'),
    clone_url: repositoryUrl,
    html_url: anyUrl.nullish(),
    ssh_url: anyUrl.nullish(),
    git_url: anyUrl.nullish(),
  }),
}) satisfies z.ZodType<UsedFields>;

/**
 * GitHub's webhooks of repositories, organisations and Apps, which differ in nothing that is read here.
 * https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export const github: WebhookProvider = {
  name: 'github',
  verify: (delivery, secrets) =>
    verifyHexSignature(delivery, secrets, { header: 'X-Hub-Signature-256', prefix: 'sha256=' }),
  parse: parseGitHubDelivery,
};

function parseGitHubDelivery({ raw, headers }: RawDelivery): ParsedDelivery {
  const event = headers['x-github-event'];
  if (!event || !EVENT_NAME.test(event)) throw invalid('X-GitHub-Event', 'the header must name an event');
  const ids = {
    deliveryId: headers['x-github-delivery'] || toContentId(raw),
    hookId: headers['x-github-hook-id'] ?? '',
  };
  if (event === 'ping') {
    return { ...ids, kind: 'ignored', reason: 'ping received: the webhook and its secret are set up correctly' };
  }
  if (event !== 'push') return { ...ids, kind: 'ignored', reason: `the event ${event} is not used, only push is` };
  const payload = readPayload(pushPayload, readJson(raw, headers['content-type']));
  const { full_name, clone_url, html_url, ssh_url, git_url } = payload.repository;
  const repository = {
    provider: github.name,
    repository: full_name,
    repositoryUrls: toRepositoryUrls([clone_url, html_url, ssh_url, git_url]),
  };
  return toParsedDelivery(ids, repository, [toTaggedCommit(payload, payload.head_commit?.id)]);
}

function readJson(raw: Buffer, contentType: string | undefined): Buffer {
  if (!isForm(contentType)) return raw;
  const payload = readFormPayload(raw);
  if (payload === undefined) throw invalid('payload', 'the form has no such field, or others too');
  return Buffer.from(payload);
}
