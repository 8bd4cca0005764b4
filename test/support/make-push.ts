import { createHmac, randomUUID } from 'node:crypto';

interface PushOptions {
  /** Webhook secret; null sends no signature. */
  readonly secret: string | null;
  /** `owner/name`. */
  readonly repository: string;
  /** Clone URL of the repository. */
  readonly url: string;
  readonly ref?: string;
  readonly before?: string;
  readonly after: string;
  readonly deliveryId?: string;
  readonly event?: string;
  /** True for the form encoding, which is the default of GitHub's settings page. */
  readonly form?: boolean;
}

interface SignedDelivery {
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

const ZEROS = '0'.repeat(40);

/** A push delivery as GitHub sends it: headers and the signed body. */
export function makePush(options: PushOptions): SignedDelivery {
  return makeDelivery(toPushPayload(options), options);
}

/** Signs any payload as GitHub does. */
export function makeDelivery(
  payload: unknown,
  options: Pick<PushOptions, 'secret' | 'deliveryId' | 'event' | 'form'>,
): SignedDelivery {
  const json = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const body = Buffer.from(options.form ? new URLSearchParams({ payload: json }).toString() : json);
  const headers: Record<string, string> = {
    'content-type': options.form ? 'application/x-www-form-urlencoded' : 'application/json',
    'user-agent': 'GitHub-Hookshot/044aadd',
    'x-github-event': options.event ?? 'push',
    'x-github-delivery': options.deliveryId ?? randomUUID(),
    'x-github-hook-id': '292430182',
  };
  if (options.secret !== null) headers['x-hub-signature-256'] = sign(options.secret, body);
  return { headers, body };
}

/** The signature header for a body. */
export function sign(secret: string, body: Buffer): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/** Sends a push to the webhook route of a Hawser that listens at this URL. */
export function sendPush(hawserUrl: string, options: PushOptions): Promise<Response> {
  const { headers, body } = makePush(options);
  return fetch(new URL('/webhooks/github', hawserUrl), { method: 'POST', headers, body: new Uint8Array(body) });
}

function toPushPayload(options: PushOptions) {
  const { repository, url, ref = 'refs/heads/main', before = ZEROS, after } = options;
  const webUrl = url.replace(/\.git$/, '');
  const { host } = new URL(url);
  const commit = {
    id: after,
    message: 'Change something',
    timestamp: '2026-01-01T00:00:00Z',
    added: [],
    removed: [],
    modified: ['deployment.yaml'],
  };
  const isDeleted = after === ZEROS;
  return {
    ref,
    before,
    after,
    created: before === ZEROS,
    deleted: isDeleted,
    forced: false,
    base_ref: null,
    compare: `${webUrl}/compare/${before.slice(0, 12)}...${after.slice(0, 12)}`,
    commits: isDeleted ? [] : [commit],
    head_commit: isDeleted ? null : commit,
    repository: {
      id: 186853002,
      name: repository.split('/')[1],
      full_name: repository,
      private: false,
      html_url: webUrl,
      clone_url: url,
      ssh_url: `git@${host}:${repository}.git`,
      git_url: `git://${host}/${repository}.git`,
      default_branch: 'main',
    },
    pusher: { name: 'octo', email: 'octo@example.com' },
    sender: { login: 'octo', id: 1, type: 'User' },
  };
}
