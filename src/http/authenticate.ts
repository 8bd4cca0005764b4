/**
 * Who may trigger and read: a bearer token is one of the configured ones, or Kubernetes knows whose it is and what he
 * may do. There is no third way in. What rights a route needs is the route's matter.
 */
import { createHash } from 'node:crypto';
import { HawserError } from '../errors/hawser-error.ts';
import type { Secret } from '../errors/secret.ts';
import type { AccessQuestion, ReviewedUser } from '../kube/review-access.ts';
import { isOneOf } from '../webhook/verify-secret.ts';
import { createAnswerCache } from './answer-cache.ts';

/** Somebody who has proved who he is. */
export interface Caller {
  /** `static token`, or the user name that Kubernetes knows. */
  readonly name: string;
  /** Throws ACCESS_FORBIDDEN that names the missing right, or AUTH_UNAVAILABLE. */
  require(right: AccessQuestion): Promise<void>;
}

export interface AuthenticationOptions {
  /** Any of them may do everything. */
  readonly tokens: readonly Secret[];
  /** Undefined for a token that Kubernetes does not know. */
  reviewToken(token: string): Promise<ReviewedUser | undefined>;
  reviewAccess(user: ReviewedUser, right: AccessQuestion): Promise<boolean>;
  /** Milliseconds of a monotonic clock. */
  readonly now?: (() => number) | undefined;
}

/** Tells who sent a request by its Authorization header; throws AUTH_MISSING, AUTH_INVALID, AUTH_UNAVAILABLE or HTTP_OVERLOADED. */
export type Authenticate = (authorization: string | undefined) => Promise<Caller>;

/** Tokens of Kubernetes may be longer than a page with many groups; nobody's is longer than this. */
const LONGEST_TOKEN = 8_192;
const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i;

export function createAuthentication(options: AuthenticationOptions): Authenticate {
  const users = createAnswerCache<ReviewedUser | undefined>({ now: options.now });
  const rights = createAnswerCache<boolean>({ now: options.now });
  return async (authorization) => {
    const token = readToken(authorization);
    if (isOneOf(token, options.tokens)) return { name: 'static token', require: async () => {} };
    const id = createHash('sha256').update(token).digest('base64');
    const user = await users.get(id, () => options.reviewToken(token));
    if (!user)
      throw new HawserError('AUTH_INVALID', 'the bearer token is neither a configured one nor known to Kubernetes');
    return {
      name: user.name,
      async require(right) {
        const isAllowed = await rights.get(`${id} ${JSON.stringify(right)}`, () => options.reviewAccess(user, right));
        if (!isAllowed) throw forbidden(user, right);
      },
    };
  };
}

function readToken(authorization: string | undefined): string {
  if (authorization === undefined) {
    throw new HawserError('AUTH_MISSING', 'send a token: Authorization: Bearer <token>');
  }
  const token = authorization.length > LONGEST_TOKEN ? undefined : BEARER.exec(authorization)?.[1];
  if (token === undefined) {
    throw new HawserError('AUTH_INVALID', 'the Authorization header is not of the form: Bearer <token>');
  }
  return token;
}

function forbidden({ name }: ReviewedUser, { verb, group, resource, namespace, name: object }: AccessQuestion) {
  const what = object === undefined ? `${resource}.${group}` : `${resource}.${group} "${object}"`;
  const where = namespace === undefined ? 'in all namespaces' : `in the namespace "${namespace}"`;
  return new HawserError('ACCESS_FORBIDDEN', `${name} may not ${verb} ${what} ${where}: grant that right`);
}
