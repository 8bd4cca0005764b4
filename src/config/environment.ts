/**
 * Every environment variable that Hawser understands, as one schema from text to value. `.env.example`,
 * `docs/configuration.md` and the chart's values are compared with it.
 */
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { rememberSecret } from '../errors/redact.ts';
import { Secret } from '../errors/secret.ts';

/** What a process does: take requests (`server`), run syncs (`worker`). */
export const ROLES = ['server', 'worker'] as const;
export type Role = (typeof ROLES)[number];

/** Where a listener binds; port 0 lets the system choose. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const ADDRESS = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/;

const listenAddress = z.string().transform((text, context): ListenAddress => {
  const [, ipv6, host, digits] = ADDRESS.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535 || (ipv6 !== undefined && isIP(ipv6) !== 6)) {
    return reject(context, 'must be an address such as :9292, 127.0.0.1:9292 or [::1]:9292');
  }
  return { host: ipv6 ?? (host || everyInterface()), port };
});

const roles = z.string().transform((text, context): ReadonlySet<Role> => {
  const names = splitList(text);
  const known = ROLES.filter((role) => names.includes(role));
  if (known.length === 0 || known.length !== new Set(names).size) {
    return reject(context, `must be a comma-separated list of: ${ROLES.join(', ')}`);
  }
  return new Set(known);
});

const httpUrl = z.string().transform((text, context): string => {
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol)) return reject(context, 'must be an http or https URL');
  if (url.username !== '' || url.password !== '') return reject(context, 'must not hold a user or password');
  if (url.search !== '' || url.hash !== '') return reject(context, 'must not hold a query or fragment');
  return url.href.replace(/\/+$/, '');
});

const redisUrl = z.string().transform((text, context): Secret => {
  const url = URL.parse(text);
  if (!text.startsWith('/') && !(url && ['redis:', 'rediss:'].includes(url.protocol))) {
    return reject(context, 'must be a redis or rediss URL, or the absolute path of a socket');
  }
  // `redact` must know the password by itself too: errors seldom quote the whole URL.
  if (url) rememberSecret(url.password);
  return new Secret(text);
});

const secret = z.string().transform((text) => new Secret(text));

const secrets = z.string().transform((text, context): readonly Secret[] => {
  const items = splitList(text);
  return items.length === 0 ? reject(context, 'holds no secret') : items.map((item) => new Secret(item));
});

/** What GitLab makes and asks for: the marked base64 of 24 to 64 bytes, as Standard Webhooks has it. */
const SIGNING_TOKEN = /^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/;
const signingTokens = secrets.refine(
  (tokens) => tokens.every((token) => SIGNING_TOKEN.test(token.reveal())),
  'must be signing tokens of the form whsec_<base64>, as GitLab shows them',
);

const MIN_TOKEN_LENGTH = 16;
const triggerTokens = secrets.refine(
  (tokens) => tokens.every((token) => token.reveal().length >= MIN_TOKEN_LENGTH),
  `must be tokens of at least ${MIN_TOKEN_LENGTH} characters, such as \`openssl rand -hex 32\` makes them`,
);

const concurrency = z
  .string()
  .regex(/^[1-9]\d{0,3}$/, 'must be a whole number from 1 to 9999')
  .transform(Number);

const namespace = z
  .string()
  .max(63, 'must have at most 63 characters')
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be the name of a namespace');

const serviceAccount = z
  .string()
  .max(253, 'must have at most 253 characters')
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be the name of a service account');

/** GUIDs or domains; they become parts of URLs. */
const azureId = z
  .string()
  .regex(
    /^[0-9A-Za-z][0-9A-Za-z.-]{0,127}$/,
    'must be an id as Azure shows it, such as 00000000-0000-0000-0000-000000000000',
  );

const flag = z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true');

const logLevel = z.enum(['debug', 'info', 'warn', 'error'], 'must be one of: debug, info, warn, error');
export type LogLevel = z.infer<typeof logLevel>;

/** Names, forms, defaults and descriptions. A variable with `secret` may also be given as a file, by `<NAME>_FILE`. */
export const environment = z.object({
  HAWSER_ROLES: roles
    .prefault('server,worker')
    .describe('What this process does: `server` takes webhooks, `worker` runs syncs.'),
  HAWSER_PUBLIC_ADDR: listenAddress
    .prefault(':9292')
    .describe('Listener for webhooks and triggers; the only one to expose.'),
  HAWSER_INTERNAL_ADDR: listenAddress
    .prefault(':8080')
    .describe('Listener for `/livez`, `/readyz`, `/metrics` and `/api`; keep it inside the cluster.'),
  HAWSER_ARTIFACT_ADDR: listenAddress
    .prefault(':9790')
    .describe('Listener that serves artifacts to other controllers; keep it inside the cluster.'),
  HAWSER_EXTERNAL_URL: httpUrl
    .optional()
    .describe('URL under which people reach the public listener; commit statuses link to it.'),
  HAWSER_ARTIFACT_URL: httpUrl
    .optional()
    .describe('URL under which other controllers reach the artifact listener; derived from its address if unset.'),
  HAWSER_DATA_DIR: z
    .string()
    .transform((path) => resolve(path))
    .prefault('.hawser')
    .describe('Directory for caches and for the Redis that Hawser starts itself; one process at a time.'),
  HAWSER_NAMESPACE: namespace.optional().describe('The only namespace to watch; all if unset.'),
  HAWSER_CONCURRENCY: concurrency
    .prefault('16')
    .describe('How many Kustomizations may be rendered at once; calls to the API server have a bound of their own.'),
  HAWSER_LOG_LEVEL: logLevel.prefault('info').describe('Least level to log: debug, info, warn or error.'),
  HAWSER_KUSTOMIZE_PATH: z.string().prefault('kustomize').describe('The kustomize binary: a path, or a name on PATH.'),
  HAWSER_DEFAULT_SERVICE_ACCOUNT: serviceAccount
    .optional()
    .describe(
      'Service account that Kustomizations without `serviceAccountName` act as, and whose identity sources with the providers `azure` and `aws` show; Hawser’s own if unset.',
    ),
  HAWSER_NO_CROSS_NAMESPACE_REFS: flag
    .prefault('false')
    .describe('`true` forbids Kustomizations to use sources of other namespaces, and Receivers to ask their objects.'),
  HAWSER_STRICT_SUBSTITUTION: flag
    .prefault('true')
    .describe('`false` replaces variables without value or default by nothing, instead of refusing the manifests.'),
  HAWSER_GITHUB_API_URL: httpUrl
    .prefault('https://api.github.com')
    .describe('API of GitHub, or of a GitHub Enterprise server.'),
  HAWSER_GITLAB_API_URL: httpUrl
    .prefault('https://gitlab.com/api/v4')
    .describe('API of GitLab, or of a GitLab of your own: its URL and `/api/v4`.'),
  HAWSER_GITEA_API_URL: httpUrl
    .optional()
    .describe('API of a Gitea or Forgejo: its URL and `/api/v1`. Without it there are no commit statuses on it.'),
  HAWSER_BITBUCKET_API_URL: httpUrl
    .prefault('https://api.bitbucket.org/2.0')
    .describe('API of Bitbucket Cloud, which ends in `/2.0`, or of a Data Center: its URL and `/rest`.'),
  HAWSER_AZURE_DEVOPS_API_URL: httpUrl
    .prefault('https://dev.azure.com')
    .describe('Azure DevOps, or an Azure DevOps Server.'),
  HAWSER_EVENTS_ADDR: httpUrl
    .optional()
    .describe(
      'Flux’s notification-controller, to which events are sent too, such as `http://notification-controller.flux-system.svc.cluster.local.`; none if unset.',
    ),
  AZURE_CLIENT_ID: azureId
    .optional()
    .describe('Hawser’s own identity in Azure, for Azure DevOps; Azure’s workload identity webhook sets these four.'),
  AZURE_TENANT_ID: azureId.optional().describe('Tenant of that identity.'),
  AZURE_FEDERATED_TOKEN_FILE: z
    .string()
    .optional()
    .describe('File with the token of Kubernetes that proves that identity.'),
  AZURE_AUTHORITY_HOST: httpUrl
    .refine((url) => url.startsWith('https:'), 'must be an https URL')
    .prefault('https://login.microsoftonline.com')
    .describe('Microsoft Entra ID, from which tokens for Azure DevOps come, those of service accounts too.'),
  AWS_ROLE_ARN: z
    .string()
    .optional()
    .describe('Hawser’s own role of AWS, for CodeCommit; Amazon’s webhook for roles of service accounts sets both.'),
  AWS_WEB_IDENTITY_TOKEN_FILE: z
    .string()
    .optional()
    .describe('File with the token of Kubernetes by which that role is taken.'),
  KUBECONFIG: z.string().optional().describe('Kubeconfig of the cluster; the credentials of the pod if unset.'),
  REDIS_URL: redisUrl
    .optional()
    .meta({ secret: true, description: 'Redis to use; if unset, Hawser starts one of its own. Needed to share work.' }),
  GITHUB_WEBHOOK_SECRET: secrets.optional().meta({
    secret: true,
    description: 'Secrets of the GitHub webhooks, separated by commas for rotation; if unset, the route answers 404.',
  }),
  GITLAB_WEBHOOK_TOKEN: secrets.optional().meta({
    secret: true,
    description:
      'Secret tokens of the GitLab webhooks, separated by commas for rotation; not looked at if `GITLAB_WEBHOOK_SIGNING_TOKEN` is set.',
  }),
  GITLAB_WEBHOOK_SIGNING_TOKEN: signingTokens.optional().meta({
    secret: true,
    description:
      'Signing tokens (`whsec_…`) of the GitLab webhooks, separated by commas for rotation; if set, every delivery must be signed.',
  }),
  GITEA_WEBHOOK_SECRET: secrets.optional().meta({
    secret: true,
    description: 'Secrets of the Gitea and Forgejo webhooks, separated by commas for rotation.',
  }),
  BITBUCKET_WEBHOOK_SECRET: secrets.optional().meta({
    secret: true,
    description: 'Secrets of the Bitbucket webhooks, Cloud and Data Center, separated by commas for rotation.',
  }),
  AZURE_DEVOPS_WEBHOOK_TOKEN: secrets.optional().meta({
    secret: true,
    description:
      'Tokens that the Azure DevOps service hooks send as password of their basic authentication, separated by commas for rotation.',
  }),
  HAWSER_WEBHOOK_SECRET: secrets.optional().meta({
    secret: true,
    description: 'Secrets that sign deliveries to `/webhooks/generic`, separated by commas for rotation.',
  }),
  HAWSER_TRIGGER_TOKEN: triggerTokens.optional().meta({
    secret: true,
    description:
      'Tokens that may trigger every object and use the whole API, separated by commas for rotation; tokens of Kubernetes work without it.',
  }),
  GITHUB_TOKEN: secret
    .optional()
    .meta({ secret: true, description: 'Token that may write commit statuses on GitHub; if unset, none are posted.' }),
  GITLAB_TOKEN: secret
    .optional()
    .meta({ secret: true, description: 'Token that may write commit statuses on GitLab (scope `api`).' }),
  GITEA_TOKEN: secret
    .optional()
    .meta({ secret: true, description: 'Token that may write commit statuses on Gitea or Forgejo.' }),
  BITBUCKET_TOKEN: secret.optional().meta({
    secret: true,
    description: 'Token that may write build statuses on Bitbucket: an access token, or `<user>:<API token>`.',
  }),
  AZURE_DEVOPS_TOKEN: secret.optional().meta({
    secret: true,
    description: 'Personal access token that may write commit statuses on Azure DevOps (scope `Code (status)`).',
  }),
});
export type Environment = z.output<typeof environment>;

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** `::` takes IPv4 too, but cannot be bound where the kernel has no IPv6. */
function everyInterface(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.some(({ family }) => family === 'IPv6') ? '::' : '0.0.0.0';
}

function reject(context: z.core.$RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}
