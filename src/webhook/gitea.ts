import { z } from 'zod';
import type { Secret } from '../errors/secret.ts';
import { anyUrl, ref, repositoryUrl, sha, text, toRepositoryUrls } from './payload-fields.ts';
import { isForm, readEventName, readFormPayload, readPayload, toContentId } from './read-payload.ts';
import { toParsedDelivery } from './to-parsed-delivery.ts';
import { toTaggedCommit } from './to-tagged-commit.ts';
import { signatureInvalid, verifyHexSignature } from './verify-secret.ts';
import type { DeliveryHeaders, ParsedDelivery, RawDelivery, WebhookProvider } from './webhook-provider.ts';

/** All of one family, with the newest name first; a Forgejo sends Gitea's headers too, a Gitea those of Gogs. */
const FAMILY = ['Forgejo', 'Gitea', 'Gogs'];

const pushPayload = z.object({
  ref,
  before: sha,
  after: sha,
  head_commit: z.object({ id: sha }).nullish(),
  repository: z.object({
    full_name: text,
    clone_url: repositoryUrl,
    html_url: anyUrl.nullish(),
    ssh_url: anyUrl.nullish(),
  }),
});

/** The webhooks of Gitea, Forgejo and Gogs, as JSON or form. https://docs.gitea.com/usage/webhooks */
export const gitea: WebhookProvider = { name: 'gitea', verify: verifyGiteaDelivery, parse: parseGiteaDelivery };

/** The signature is the bare digest, and it covers the JSON even where that is packed into a form. */
function verifyGiteaDelivery({ raw, headers }: RawDelivery, secrets: readonly Secret[]): void {
  const name = findMember(headers, 'Signature');
  const header = name === undefined ? 'X-Gitea-Signature' : `X-${name}-Signature`;
  const payload = isForm(headers['content-type']) ? readFormPayload(raw) : raw;
  if (payload === undefined) throw signatureInvalid('a form without the one field payload');
  const signed = typeof payload === 'string' ? Buffer.from(payload) : payload;
  verifyHexSignature({ raw: signed, headers }, secrets, { header, prefix: '' });
}

function parseGiteaDelivery({ raw, headers }: RawDelivery): ParsedDelivery {
  const event = readEventName('X-Gitea-Event', readHeader(headers, 'Event'));
  const ids = { deliveryId: readHeader(headers, 'Delivery') ?? toContentId(raw), hookId: '' };
  if (event !== 'push') return { ...ids, kind: 'ignored', reason: `the event ${event} is not used, only push is` };
  const json = isForm(headers['content-type']) ? Buffer.from(readFormPayload(raw) ?? '') : raw;
  const payload = readPayload(pushPayload, json);
  const { full_name, clone_url, html_url, ssh_url } = payload.repository;
  const repository = {
    provider: gitea.name,
    repository: full_name,
    repositoryUrls: toRepositoryUrls([clone_url, html_url, ssh_url]),
  };
  return toParsedDelivery(ids, repository, [toTaggedCommit(payload, payload.head_commit?.id)]);
}

function readHeader(headers: DeliveryHeaders, kind: string): string | undefined {
  const name = findMember(headers, kind);
  return name === undefined ? undefined : headers[`x-${name}-${kind}`.toLowerCase()];
}

function findMember(headers: DeliveryHeaders, kind: string): string | undefined {
  return FAMILY.find((name) => headers[`x-${name}-${kind}`.toLowerCase()]);
}
