import { z } from 'zod';
import { anyUrl, boundedList, ref, repositoryUrl, sha, text, toRepositoryUrls } from './payload-fields.ts';
import { readEventName, readPayload, toContentId } from './read-payload.ts';
import { toParsedDelivery } from './to-parsed-delivery.ts';
import { toTaggedCommit } from './to-tagged-commit.ts';
import { isOneOf, signatureInvalid, signatureMissing } from './verify-secret.ts';
import type { DeliveryIds, ParsedDelivery, RawDelivery, WebhookProvider } from './webhook-provider.ts';

/** The events of project, group and system hooks that tell of moved refs, by the header and, in system hooks, the body. */
const PUSH_HOOKS = ['Push Hook', 'Tag Push Hook'];
const SYSTEM_HOOK = 'System Hook';
const SYSTEM_PUSHES = ['push', 'tag_push'];
const SYSTEM_UPDATE = 'repository_update';

const project = z.object({
  path_with_namespace: text,
  git_http_url: repositoryUrl,
  git_ssh_url: anyUrl.nullish(),
  web_url: anyUrl.nullish(),
});
const pushPayload = z.object({ ref, before: sha, after: sha, checkout_sha: sha.nullish(), project });
const updatePayload = z.object({ changes: boundedList(z.object({ ref, before: sha, after: sha })), project });
const systemPayload = z.object({ event_name: text });

/** GitLab's webhooks with the secret token, which is sent as it is. https://docs.gitlab.com/user/project/integrations/webhooks/ */
export const gitlab: WebhookProvider = {
  name: 'gitlab',
  verify({ headers }, secrets) {
    const token = headers['x-gitlab-token'];
    if (!token) throw signatureMissing('no X-Gitlab-Token header: set a secret token in the webhook’s settings');
    if (!isOneOf(token, secrets)) throw signatureInvalid('the token in X-Gitlab-Token');
  },
  parse: parseGitLabDelivery,
};

/** Reads what any of GitLab's webhooks tells. */
export function parseGitLabDelivery({ raw, headers }: RawDelivery): ParsedDelivery {
  const event = readEventName('X-Gitlab-Event', headers['x-gitlab-event']);
  const ids = { deliveryId: toGitLabDeliveryId(raw, headers), hookId: '' };
  if (PUSH_HOOKS.includes(event)) return parsePush(ids, raw);
  if (event === SYSTEM_HOOK) return parseSystemHook(ids, raw);
  return { ...ids, kind: 'ignored', reason: `the event ${event} is not used, only pushes of branches and tags are` };
}

/** X-Gitlab-Webhook-UUID is new for every request, X-Gitlab-Event-UUID is shared by different deliveries. */
function toGitLabDeliveryId(raw: Buffer, headers: RawDelivery['headers']): string {
  return headers['webhook-id'] || headers['idempotency-key'] || headers['x-gitlab-webhook-uuid'] || toContentId(raw);
}

/** Every system hook has the same header; only the body tells what it is about. */
function parseSystemHook(ids: DeliveryIds, raw: Buffer): ParsedDelivery {
  const { event_name } = readPayload(systemPayload, raw);
  if (SYSTEM_PUSHES.includes(event_name)) return parsePush(ids, raw);
  if (event_name === SYSTEM_UPDATE) return parseUpdate(ids, raw);
  return {
    ...ids,
    kind: 'ignored',
    reason: `the event ${event_name} is not used, only pushes of branches and tags are`,
  };
}

function parsePush(ids: DeliveryIds, raw: Buffer): ParsedDelivery {
  const payload = readPayload(pushPayload, raw);
  return toParsedDelivery(ids, toRepository(payload.project), [toTaggedCommit(payload, payload.checkout_sha)]);
}

function parseUpdate(ids: DeliveryIds, raw: Buffer): ParsedDelivery {
  const payload = readPayload(updatePayload, raw);
  return toParsedDelivery(ids, toRepository(payload.project), payload.changes);
}

function toRepository({ path_with_namespace, git_http_url, git_ssh_url, web_url }: z.output<typeof project>) {
  return {
    provider: gitlab.name,
    repository: path_with_namespace,
    repositoryUrls: toRepositoryUrls([git_http_url, git_ssh_url, web_url]),
  };
}
