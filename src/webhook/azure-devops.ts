import { z } from 'zod';
import type { Secret } from '../errors/secret.ts';
import { toRepositoryIdentity } from '../model/repository-url.ts';
import { anyUrl, boundedList, ref, repositoryUrl, sha, text, toRepositoryUrls } from './payload-fields.ts';
import { readPayload, toContentId } from './read-payload.ts';
import { toParsedDelivery } from './to-parsed-delivery.ts';
import { isOneOf, signatureInvalid, signatureMissing } from './verify-secret.ts';
import type { ParsedDelivery, RawDelivery, WebhookProvider } from './webhook-provider.ts';

const BASIC = /^basic +([A-Za-z0-9+/=]{1,4096})$/i;
const BEARER = /^bearer +(\S{1,4096})$/i;

const eventPayload = z.object({ id: text.nullish(), subscriptionId: text.nullish(), eventType: text });
const pushPayload = z.object({
  resource: z
    .object({
      refUpdates: boundedList(z.object({ name: ref, oldObjectId: sha, newObjectId: sha })).nullish(),
      repository: z
        .object({
          name: text,
          remoteUrl: repositoryUrl,
          sshUrl: anyUrl.nullish(),
          project: z.object({ name: text }),
        })
        .nullish(),
    })
    .nullish(),
});
type Repository = NonNullable<NonNullable<z.output<typeof pushPayload>['resource']>['repository']>;

/**
 * The service hook "Web Hooks" of Azure DevOps, which signs nothing: the token is the password of its basic
 * authentication, or a header `Authorization: Bearer …`.
 * https://learn.microsoft.com/en-us/azure/devops/service-hooks/services/webhooks
 */
export const azureDevOps: WebhookProvider = {
  name: 'azure-devops',
  verify: verifyAzureDelivery,
  parse: parseAzureDelivery,
};

function verifyAzureDelivery({ headers }: RawDelivery, secrets: readonly Secret[]): void {
  const { authorization } = headers;
  if (!authorization) {
    throw signatureMissing('no Authorization header: set the token as password in the settings of the service hook');
  }
  if (!isOneOf(readToken(authorization), secrets)) throw signatureInvalid('the token in Authorization');
}

/** The user name does not matter. */
function readToken(authorization: string): string {
  const encoded = BASIC.exec(authorization)?.[1];
  if (encoded === undefined) return BEARER.exec(authorization)?.[1] ?? '';
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon === -1 ? '' : pair.slice(colon + 1);
}

function parseAzureDelivery({ raw }: RawDelivery): ParsedDelivery {
  const { id, subscriptionId, eventType } = readPayload(eventPayload, raw);
  const ids = { deliveryId: id || toContentId(raw), hookId: subscriptionId ?? '' };
  if (eventType !== 'git.push') {
    return { ...ids, kind: 'ignored', reason: `the event ${eventType} is not used, only git.push is` };
  }
  const { resource } = readPayload(pushPayload, raw);
  if (!resource?.repository || !resource.refUpdates) {
    return { ...ids, kind: 'ignored', reason: 'the payload names no refs: set “Resource details to send” to All' };
  }
  const { repository, refUpdates } = resource;
  return toParsedDelivery(
    ids,
    {
      provider: azureDevOps.name,
      repository: `${repository.project.name}/${repository.name}`,
      repositoryUrls: toRepositoryUrls([repository.remoteUrl, repository.sshUrl, ...toOtherUrls(repository)]),
    },
    refUpdates.map(({ name, oldObjectId, newObjectId }) => ({ ref: name, before: oldObjectId, after: newObjectId })),
  );
}

/** The service knows a repository by two hosts, and by SSH under paths of another form; the payload names only one. */
function toOtherUrls({ remoteUrl, name, project }: Repository): string[] {
  const [host = '', first = ''] = (toRepositoryIdentity(remoteUrl) ?? '').split('/');
  const organisation = host === 'dev.azure.com' ? first : /^([\w-]+)\.visualstudio\.com$/.exec(host)?.[1];
  if (!organisation) return [];
  const org = encodeURIComponent(organisation);
  const repository = encodeURIComponent(name);
  const path = `${encodeURIComponent(project.name)}/_git/${repository}`;
  const sshPath = `v3/${org}/${encodeURIComponent(project.name)}/${repository}`;
  const urls = [
    `https://dev.azure.com/${org}/${path}`,
    `https://${org}.visualstudio.com/${path}`,
    `https://${org}.visualstudio.com/DefaultCollection/${path}`,
    `ssh://git@ssh.dev.azure.com/${sshPath}`,
    `ssh://${org}@vs-ssh.visualstudio.com/${sshPath}`,
  ];
  if (name !== project.name) return urls;
  return [
    ...urls,
    `https://dev.azure.com/${org}/_git/${repository}`,
    `https://${org}.visualstudio.com/_git/${repository}`,
  ];
}
