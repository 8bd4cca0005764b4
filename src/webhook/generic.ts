import { z } from 'zod';
import { toRepositoryIdentity } from '../model/repository-url.ts';
import { ref, repositoryUrl, sha, text, toRepositoryUrls } from './payload-fields.ts';
import { readPayload, toContentId } from './read-payload.ts';
import { toParsedDelivery } from './to-parsed-delivery.ts';
import { verifyHexSignature } from './verify-secret.ts';
import type { WebhookProvider } from './webhook-provider.ts';

const UNKNOWN = '0'.repeat(40);

const payload = z.object({
  repository: repositoryUrl.refine((url) => text.safeParse(toRepositoryIdentity(url)).success, 'must be readable text'),
  ref,
  before: sha.nullish(),
  after: sha,
});

/** Hawser's own form, for every Git server that can run a script after a push; docs/webhooks.md describes it. */
export const generic: WebhookProvider = {
  name: 'generic',
  verify: (delivery, secrets) =>
    verifyHexSignature(delivery, secrets, { header: 'X-Hub-Signature-256', prefix: 'sha256=' }),
  parse({ raw, headers }) {
    const ids = { deliveryId: headers['x-hawser-delivery'] || toContentId(raw), hookId: '' };
    const { repository, ref: moved, before, after } = readPayload(payload, raw);
    const repositoryUrls = toRepositoryUrls([repository]);
    const identity = toRepositoryIdentity(repository) ?? '';
    return toParsedDelivery(
      ids,
      { provider: generic.name, repository: identity.slice(identity.indexOf('/') + 1), repositoryUrls },
      [{ ref: moved, before: before ?? UNKNOWN, after }],
    );
  },
};
