import { z } from 'zod';
import { HawserError } from '../errors/hawser-error.ts';
import type { KubeClient } from './kube-client.ts';
import { KubeError } from './to-kube-error.ts';

/** Who a token belongs to, as the API server says. */
export interface ReviewedUser {
  readonly name: string;
  readonly uid?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** A right in the cluster, in the words of RBAC; without a namespace it is one in all of them. */
export interface AccessQuestion {
  readonly verb: 'get' | 'list' | 'patch';
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

/** Reviews are asked while somebody waits for an HTTP answer. */
const TIMEOUT_MS = 5_000;
const TIMEOUT_WITH_RETRIES_MS = 8_000;

const TokenReviewed = z.object({
  status: z
    .object({
      authenticated: z.boolean().optional(),
      user: z
        .object({
          // Absent where nobody was found.
          username: z.string().optional(),
          uid: z.string().optional(),
          groups: z.array(z.string()).optional(),
          extra: z.record(z.string(), z.array(z.string())).optional(),
        })
        .optional(),
    })
    .optional(),
});

const AccessReviewed = z.object({
  status: z.object({ allowed: z.boolean(), denied: z.boolean().optional() }),
});

/** Asks the API server who a bearer token belongs to; undefined if it knows nobody. Throws AUTH_UNAVAILABLE. */
export async function reviewToken(
  client: Pick<KubeClient, 'create'>,
  token: string,
): Promise<ReviewedUser | undefined> {
  const answer = await review(client, { group: 'authentication.k8s.io', kind: 'TokenReview', spec: { token } });
  const { status } = TokenReviewed.parse(answer);
  const { username, ...rest } = status?.user ?? {};
  return status?.authenticated === true && username ? { name: username, ...rest } : undefined;
}

/** Asks the API server whether a user has a right. Throws AUTH_UNAVAILABLE. */
export async function reviewAccess(
  client: Pick<KubeClient, 'create'>,
  user: ReviewedUser,
  question: AccessQuestion,
): Promise<boolean> {
  const { name, uid, groups, extra } = user;
  const spec = { user: name, uid, groups, extra, resourceAttributes: question };
  const answer = await review(client, { group: 'authorization.k8s.io', kind: 'SubjectAccessReview', spec });
  const { allowed, denied } = AccessReviewed.parse(answer).status;
  return allowed && denied !== true;
}

async function review(
  client: Pick<KubeClient, 'create'>,
  { group, kind, spec }: { group: string; kind: string; spec: unknown },
): Promise<unknown> {
  try {
    const object = { apiVersion: `${group}/v1`, kind, metadata: { name: '' }, spec };
    const signal = AbortSignal.timeout(TIMEOUT_WITH_RETRIES_MS);
    return await client.create(object, { timeoutMs: TIMEOUT_MS, signal, urgent: true });
  } catch (error) {
    throw toUnavailable(kind, error);
  }
}

function toUnavailable(kind: string, cause: unknown): HawserError {
  const isForbidden = cause instanceof KubeError && cause.code === 'KUBE_FORBIDDEN';
  const why = isForbidden
    ? `Hawser may not create a ${kind}: give its service account that right`
    : `the API server does not answer a ${kind}; try again in a few seconds`;
  return new HawserError('AUTH_UNAVAILABLE', `tokens of Kubernetes cannot be checked: ${why}`, { cause });
}
