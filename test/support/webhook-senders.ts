/** Every kind of webhook that Hawser takes, as the provider sends it: what a push looks like, and how it is proved. */
import { createHmac, randomUUID } from 'node:crypto';
import { Secret } from '../../src/errors/secret.ts';
import { azureDevOps } from '../../src/webhook/azure-devops.ts';
import { bitbucket } from '../../src/webhook/bitbucket.ts';
import { generic } from '../../src/webhook/generic.ts';
import { gitea } from '../../src/webhook/gitea.ts';
import { github } from '../../src/webhook/github.ts';
import { gitlab } from '../../src/webhook/gitlab.ts';
import { gitlabSigned } from '../../src/webhook/gitlab-signed.ts';
import type { WebhookProvider } from '../../src/webhook/webhook-provider.ts';
import { makePush } from './make-push.ts';

/** What happened in the repository. */
export interface PushFacts {
  /** `owner/name`. */
  readonly repository: string;
  readonly ref: string;
  readonly before: string;
  readonly after: string;
  readonly forced?: boolean;
}

export interface SentDelivery {
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

export interface WebhookSender {
  readonly name: string;
  readonly provider: WebhookProvider;
  readonly path: string;
  /** How the Hawser that receives it is configured: a name of WebhookSecrets. */
  readonly secretName: string;
  /** A secret of the form that the provider takes. */
  readonly secret: string;
  cloneUrl(repository: string): string;
  payload(push: PushFacts): object;
  /** Headers and body; of an unsigned delivery if the secret is null. */
  send(payload: unknown, secret: string | null, options?: SendOptions): SentDelivery;
}

interface SendOptions {
  readonly deliveryId?: string;
  readonly event?: string;
  /** Milliseconds since the epoch. */
  readonly sentAt?: number;
}

const ZEROS = '0'.repeat(40);
const TOKEN_OF_GITLAB = `whsec_${Buffer.from('a key of thirty-two bytes, really').toString('base64')}`;

export const SENDERS: readonly WebhookSender[] = [
  ...(['repository', 'organization', 'integration'] as const).map(toGitHubSender),
  toGitLabSender('GitLab, project hook', (push) => gitlabPush(push), 'hook'),
  toGitLabSender('GitLab, system hook', (push) => gitlabPush(push), 'System Hook'),
  toGitLabSender('GitLab, system hook of an update', gitlabUpdate, 'System Hook'),
  {
    ...toGitLabSender('GitLab, signed', (push) => gitlabPush(push), 'hook'),
    provider: gitlabSigned,
    secretName: 'gitlabSigning',
    secret: TOKEN_OF_GITLAB,
    send: sendSignedByGitLab,
  },
  toGiteaSender('Gitea', ['Gitea', 'Gogs', 'GitHub'], false),
  toGiteaSender('Gitea, form', ['Gitea', 'Gogs', 'GitHub'], true),
  toGiteaSender('Forgejo', ['Forgejo', 'Gitea', 'Gogs', 'GitHub'], false),
  {
    name: 'Bitbucket Cloud',
    provider: bitbucket,
    path: '/webhooks/bitbucket',
    secretName: 'bitbucket',
    secret: 'bitbucket-secret',
    cloneUrl: (repository) => `https://bitbucket.org/${repository}.git`,
    payload: (push) => bitbucketCloudPush([push]),
    send: (payload, secret, { deliveryId = randomUUID(), event = 'repo:push' } = {}) =>
      signHub(payload, secret, 'x-hub-signature', {
        'x-event-key': event,
        'x-hook-uuid': 'f0f6e3f6-6a4b-4c5e-8a39-3b1e0c1a2b3c',
        'x-request-uuid': deliveryId,
        'x-attempt-number': '1',
      }),
  },
  {
    name: 'Bitbucket Data Center',
    provider: bitbucket,
    path: '/webhooks/bitbucket',
    secretName: 'bitbucket',
    secret: 'bitbucket-secret',
    cloneUrl: (repository) => `ssh://git@bitbucket.example.com:7999/${repository}.git`,
    payload: (push) => bitbucketDataCenterPush([push]),
    send: (payload, secret, { deliveryId = randomUUID(), event = 'repo:refs_changed' } = {}) =>
      signHub(payload, secret, 'x-hub-signature', { 'x-event-key': event, 'x-request-id': deliveryId }),
  },
  {
    name: 'Azure DevOps',
    provider: azureDevOps,
    path: '/webhooks/azure-devops',
    secretName: 'azureDevOps',
    secret: 'azure-token',
    cloneUrl: (repository) => `git@ssh.dev.azure.com:v3/fabrikam/${repository}`,
    payload: (push) => azurePush([push]),
    send: (payload, secret) => ({
      headers: {
        'content-type': 'application/json; charset=utf-8',
        ...(secret === null ? {} : { authorization: `Basic ${Buffer.from(`hawser:${secret}`).toString('base64')}` }),
      },
      body: toBody(payload),
    }),
  },
  {
    name: 'generic',
    provider: generic,
    path: '/webhooks/generic',
    secretName: 'generic',
    secret: 'generic-secret',
    cloneUrl: (repository) => `https://git.example.com/${repository}.git`,
    payload: ({ repository, ref, before, after }) => ({
      repository: `https://git.example.com/${repository}.git`,
      ref,
      before,
      after,
    }),
    send: (payload, secret, { deliveryId } = {}) =>
      signHub(payload, secret, 'x-hub-signature-256', deliveryId ? { 'x-hawser-delivery': deliveryId } : {}),
  },
];

/** The sender of this name. */
export function senderOf(name: string): WebhookSender {
  const found = SENDERS.find((sender) => sender.name === name);
  if (!found) throw new Error(`there is no sender ${name}`);
  return found;
}

/** The secrets of every sender, as the public listener takes them; GitLab either with tokens or with signing tokens. */
export function allSecrets({ signed = false } = {}): Record<string, Secret[]> {
  const used = SENDERS.filter(({ secretName }) => signed || secretName !== 'gitlabSigning');
  return Object.fromEntries(used.map(({ secretName, secret }) => [secretName, [new Secret(secret)]]));
}

function toGitHubSender(target: 'repository' | 'organization' | 'integration'): WebhookSender {
  const extra = {
    repository: {},
    organization: { organization: { login: 'acme', id: 1 } },
    integration: { installation: { id: 7 }, organization: { login: 'acme', id: 1 } },
  }[target];
  return {
    name: `GitHub, ${target} hook`,
    provider: github,
    path: '/webhooks/github',
    secretName: 'github',
    secret: 'github-secret',
    cloneUrl: (repository) => `https://github.com/${repository}.git`,
    payload: (push) => {
      const { body } = makePush({ ...push, url: `https://github.com/${push.repository}.git`, secret: null });
      return { ...(JSON.parse(body.toString()) as object), forced: push.forced ?? false, ...extra };
    },
    send: (payload, secret, { deliveryId = randomUUID(), event = 'push' } = {}) =>
      signHub(payload, secret, 'x-hub-signature-256', {
        'x-github-event': event,
        'x-github-delivery': deliveryId,
        'x-github-hook-id': '292430182',
        'x-github-hook-installation-target-type': target,
        'x-github-hook-installation-target-id': '79929171',
      }),
  };
}

function toGitLabSender(name: string, payload: (push: PushFacts) => object, kind: string): WebhookSender {
  return {
    name,
    provider: gitlab,
    path: '/webhooks/gitlab',
    secretName: 'gitlab',
    secret: 'gitlab-token',
    cloneUrl: (repository) => `git@gitlab.example.com:${repository}.git`,
    payload,
    send: (body, secret, options = {}) => ({
      headers: {
        ...gitlabHeaders(body, options, kind),
        ...(secret === null ? {} : { 'x-gitlab-token': secret }),
      },
      body: toBody(body),
    }),
  };
}

function gitlabHeaders(payload: unknown, { deliveryId = randomUUID(), event }: SendOptions, kind: string) {
  const isTag = JSON.stringify(payload)?.includes('"tag_push"');
  return {
    'content-type': 'application/json',
    'user-agent': 'GitLab/19.0.0',
    'idempotency-key': deliveryId,
    'x-gitlab-event': event ?? (kind === 'hook' ? (isTag ? 'Tag Push Hook' : 'Push Hook') : kind),
    'x-gitlab-webhook-uuid': randomUUID(),
    'x-gitlab-event-uuid': randomUUID(),
    'x-gitlab-instance': 'https://gitlab.example.com',
  };
}

function sendSignedByGitLab(payload: unknown, secret: string | null, options: SendOptions = {}): SentDelivery {
  const headers = gitlabHeaders(payload, options, 'hook');
  const body = toBody(payload);
  if (secret === null) return { headers, body };
  const id = headers['idempotency-key'];
  const timestamp = String(Math.floor((options.sentAt ?? Date.now()) / 1_000));
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
  const signed = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
  return { headers: { ...headers, ...signed }, body };
}

function toGiteaSender(name: string, family: readonly string[], form: boolean): WebhookSender {
  return {
    name,
    provider: gitea,
    path: '/webhooks/gitea',
    secretName: 'gitea',
    secret: 'gitea-secret',
    cloneUrl: (repository) => `https://git.example.com/${repository}.git`,
    payload: giteaPush,
    send: (payload, secret, { deliveryId = randomUUID(), event = 'push' } = {}) => {
      const json = toBody(payload);
      const digest = secret === null ? '' : createHmac('sha256', secret).update(json).digest('hex');
      const headers: Record<string, string> = {
        'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json',
        'x-hub-signature-256': `sha256=${digest}`,
      };
      for (const member of family) {
        headers[`x-${member}-event`.toLowerCase()] = event;
        headers[`x-${member}-delivery`.toLowerCase()] = deliveryId;
        if (member !== 'GitHub') headers[`x-${member}-signature`.toLowerCase()] = digest;
      }
      const body = form ? Buffer.from(new URLSearchParams({ payload: json.toString() }).toString()) : json;
      return { headers, body };
    },
  };
}

/** The signature over the whole body, as GitHub began it. */
function signHub(payload: unknown, secret: string | null, header: string, headers: Record<string, string>) {
  const body = toBody(payload);
  const signature =
    secret === null ? {} : { [header]: `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` };
  return { headers: { 'content-type': 'application/json', ...headers, ...signature }, body };
}

function toBody(payload: unknown): Buffer {
  return Buffer.from(typeof payload === 'string' ? payload : (JSON.stringify(payload) ?? ''));
}

function gitlabProject(repository: string) {
  return {
    id: 15,
    name: repository.split('/')[1],
    web_url: `https://gitlab.example.com/${repository}`,
    git_ssh_url: `git@gitlab.example.com:${repository}.git`,
    git_http_url: `https://gitlab.example.com/${repository}.git`,
    namespace: 'Acme',
    visibility_level: 0,
    path_with_namespace: repository,
    default_branch: 'main',
  };
}

function gitlabPush({ repository, ref, before, after }: PushFacts) {
  const kind = ref.startsWith('refs/tags/') ? 'tag_push' : 'push';
  return {
    object_kind: kind,
    event_name: kind,
    before,
    after,
    ref,
    ref_protected: true,
    checkout_sha: after === ZEROS ? null : after,
    user_username: 'octo',
    project_id: 15,
    project: gitlabProject(repository),
    commits: [],
    total_commits_count: 0,
    push_options: {},
  };
}

function gitlabUpdate({ repository, ref, before, after }: PushFacts) {
  return {
    event_name: 'repository_update',
    user_id: 1,
    project_id: 15,
    project: gitlabProject(repository),
    changes: [{ before, after, ref }],
    refs: [ref],
  };
}

function giteaPush({ repository, ref, before, after }: PushFacts) {
  return {
    ref,
    before,
    after,
    compare_url: `https://git.example.com/${repository}/compare/${before}...${after}`,
    commits: [],
    total_commits: 0,
    head_commit: after === ZEROS ? null : { id: after, message: 'Change something' },
    repository: {
      id: 1,
      name: repository.split('/')[1],
      full_name: repository,
      html_url: `https://git.example.com/${repository}`,
      ssh_url: `git@git.example.com:${repository}.git`,
      clone_url: `https://git.example.com/${repository}.git`,
    },
    pusher: { id: 1, login: 'octo' },
    sender: { id: 1, login: 'octo' },
  };
}

/** One delivery for everything that a `git push` moved in one repository. */
export function bitbucketCloudPush(pushes: readonly PushFacts[]) {
  const repository = pushes[0]?.repository ?? 'acme/app';
  const named = ({ ref }: PushFacts, hash: string) => {
    if (hash === ZEROS) return null;
    const [, kind, ...name] = ref.split('/');
    return { type: kind === 'tags' ? 'tag' : 'branch', name: name.join('/'), target: { type: 'commit', hash } };
  };
  return {
    actor: { display_name: 'Octo' },
    repository: {
      type: 'repository',
      full_name: repository,
      links: { html: { href: `https://bitbucket.org/${repository}` } },
      uuid: '{673a6070-3421-46c9-9d48-90745f7bfe8e}',
    },
    push: {
      changes: pushes.map((push) => ({
        old: named(push, push.before),
        new: named(push, push.after),
        created: push.before === ZEROS,
        closed: push.after === ZEROS,
        forced: push.forced ?? false,
        truncated: false,
        commits: [],
      })),
    },
  };
}

/** One delivery for everything that a `git push` moved in one repository. */
export function bitbucketDataCenterPush(pushes: readonly PushFacts[]) {
  const repository = pushes[0]?.repository ?? 'acme/app';
  const [key, slug] = repository.split('/');
  const type = ({ before, after }: PushFacts) => (before === ZEROS ? 'ADD' : after === ZEROS ? 'DELETE' : 'UPDATE');
  return {
    eventKey: 'repo:refs_changed',
    date: '2026-01-01T00:00:00+0000',
    actor: { name: 'octo' },
    repository: {
      slug,
      id: 84,
      scmId: 'git',
      project: { key, id: 84, type: 'NORMAL' },
      links: {
        clone: [
          { href: `https://bitbucket.example.com/scm/${repository}.git`, name: 'http' },
          { href: `ssh://git@bitbucket.example.com:7999/${repository}.git`, name: 'ssh' },
        ],
      },
    },
    changes: pushes.map((push) => ({
      ref: { id: push.ref, displayId: push.ref.replace(/^refs\/\w+\//, ''), type: 'BRANCH' },
      refId: push.ref,
      fromHash: push.before,
      toHash: push.after,
      type: type(push),
    })),
  };
}

/** One delivery for everything that a `git push` moved in one repository. */
export function azurePush(pushes: readonly PushFacts[]) {
  const [project = '', name = ''] = (pushes[0]?.repository ?? 'acme/app').split('/');
  return {
    subscriptionId: '6a4f0c40-1f7d-4d23-9a8f-1d4d2c4a7d11',
    notificationId: 3,
    id: randomUUID(),
    eventType: 'git.push',
    publisherId: 'tfs',
    message: { text: 'Octo pushed updates.' },
    resource: {
      commits: [],
      refUpdates: pushes.map(({ ref, before, after }) => ({ name: ref, oldObjectId: before, newObjectId: after })),
      repository: {
        id: '278d5cd2-584d-4b63-824a-2ba458937249',
        name,
        url: 'https://dev.azure.com/fabrikam/_apis/git/repositories/278d5cd2-584d-4b63-824a-2ba458937249',
        project: { id: '6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c', name: project, state: 'wellFormed' },
        defaultBranch: 'refs/heads/main',
        remoteUrl: `https://fabrikam@dev.azure.com/fabrikam/${project}/_git/${name}`,
      },
      pushId: 14,
    },
    resourceVersion: '1.0',
  };
}
