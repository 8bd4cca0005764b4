import { z } from 'zod';
import { isRefName } from './is-ref-name.ts';
import { anyUrl, boundedList, ref, sha, text, toRepositoryUrls } from './payload-fields.ts';
import { readEventName, readPayload, toContentId } from './read-payload.ts';
import { type MovedRef, toParsedDelivery } from './to-parsed-delivery.ts';
import { verifyHexSignature } from './verify-secret.ts';
import type { DeliveryIds, ParsedDelivery, RawDelivery, WebhookProvider } from './webhook-provider.ts';

const PING = 'diagnostics:ping';
const ZEROS = '0'.repeat(40);
const REF_PREFIX: Readonly<Record<string, string>> = { branch: 'refs/heads/', tag: 'refs/tags/' };

const cloudRef = z
  .object({ type: text, name: z.string(), target: z.object({ hash: sha }) })
  .refine(({ type, name }) => !REF_PREFIX[type] || isRefName(`${REF_PREFIX[type]}${name}`), {
    path: ['name'],
    message: 'must be the name of a branch or tag',
  })
  .nullish();
const cloudPayload = z.object({
  push: z.object({ changes: boundedList(z.object({ old: cloudRef, new: cloudRef })) }),
  repository: z.object({ full_name: text, links: z.object({ html: z.object({ href: anyUrl }) }) }),
});

const dataCenterPayload = z.object({
  changes: boundedList(z.object({ ref: z.object({ id: ref }), fromHash: sha, toHash: sha })),
  repository: z.object({
    slug: text,
    project: z.object({ key: text }),
    links: z.object({ clone: boundedList(z.object({ href: anyUrl })).nullish() }).nullish(),
  }),
});

/**
 * The webhooks of Bitbucket Cloud and Bitbucket Data Center, told apart by the event. One delivery may hold many refs.
 * https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/
 * https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html
 */
export const bitbucket: WebhookProvider = {
  name: 'bitbucket',
  verify(delivery, secrets) {
    // Data Center does not sign the ping of its button "Test connection"; nothing of a ping is read.
    const { 'x-event-key': event, 'x-hub-signature': signature } = delivery.headers;
    if (event === PING && !signature) return;
    verifyHexSignature(delivery, secrets, { header: 'X-Hub-Signature', prefix: 'sha256=' });
  },
  parse: parseBitbucketDelivery,
};

function parseBitbucketDelivery({ raw, headers }: RawDelivery): ParsedDelivery {
  const event = readEventName('X-Event-Key', headers['x-event-key']);
  const ids = {
    deliveryId: headers['x-request-uuid'] || headers['x-request-id'] || toContentId(raw),
    hookId: headers['x-hook-uuid'] ?? '',
  };
  if (event === 'repo:push') return parseCloudPush(ids, raw);
  if (event === 'repo:refs_changed') return parseDataCenterPush(ids, raw);
  if (event === PING)
    return { ...ids, kind: 'ignored', reason: 'ping received; whether the secrets agree, only a push can tell' };
  return { ...ids, kind: 'ignored', reason: `the event ${event} is not used, only pushes are` };
}

function parseCloudPush(ids: DeliveryIds, raw: Buffer): ParsedDelivery {
  const { push, repository } = readPayload(cloudPayload, raw);
  const { full_name, links } = repository;
  const urls = toRepositoryUrls([links.html.href]);
  return toParsedDelivery(
    ids,
    { provider: bitbucket.name, repository: full_name, repositoryUrls: urls },
    push.changes.flatMap(toMovedRef),
  );
}

/** A change has no `old` if it created the ref, and no `new` if it deleted it. */
function toMovedRef({ old: left, new: reached }: z.output<typeof cloudPayload>['push']['changes'][number]): MovedRef[] {
  const named = reached ?? left;
  const prefix = named && REF_PREFIX[named.type];
  if (!named || prefix === undefined) return [];
  return [
    {
      ref: `${prefix}${named.name}`,
      before: left?.target.hash ?? ZEROS,
      after: reached?.target.hash ?? ZEROS,
    },
  ];
}

function parseDataCenterPush(ids: DeliveryIds, raw: Buffer): ParsedDelivery {
  const { changes, repository } = readPayload(dataCenterPayload, raw);
  const { project, slug, links } = repository;
  const urls = toRepositoryUrls((links?.clone ?? []).map(({ href }) => href));
  return toParsedDelivery(
    ids,
    { provider: bitbucket.name, repository: `${project.key}/${slug}`, repositoryUrls: urls },
    changes.map((change) => ({ ref: change.ref.id, before: change.fromHash, after: change.toHash })),
  );
}
