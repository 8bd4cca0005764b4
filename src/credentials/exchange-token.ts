/**
 * What the clouds have in common: a token of Kubernetes is traded for what a cloud gives for it, by one form. What the form
 * says, and how the answer is read, is each cloud's own.
 */
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import type { Secret } from '../errors/secret.ts';
import type { Connection } from './connection.ts';
import type { IssuedToken } from './create-token-cache.ts';
import { type FormAnswer, type IssuerAccess, postForm } from './post-form.ts';

/** Who asks a cloud for something. */
export interface CloudIdentity {
  /** Tells apart whose token of Kubernetes is shown; nobody else gets what is held for him. */
  readonly holder: string;
  /** The same in words, as a cloud's rules of trust name him. */
  readonly subject: string;
  /** Where a person corrects what the cloud knows him by. */
  readonly setIn: string;
  /** The token of Kubernetes, for the cloud's audience. */
  readonly assertion: () => Promise<Secret>;
  /** How the cloud is reached, where it takes an authority of one's own or a proxy. */
  readonly via?: Connection | undefined;
}

interface Refusal {
  readonly isTransient: boolean;
  /** In one line; empty if nothing was said. */
  readonly description: string;
}

interface Exchange<T> {
  readonly identity: CloudIdentity;
  /** What there is none of, for messages: `no token of … for …`. */
  readonly title: string;
  readonly url: string;
  readonly toForm: (assertion: Secret) => Readonly<Record<string, string | Secret>>;
  /** What a good answer holds, and when that ends, in milliseconds since the epoch; undefined if it holds none. */
  readonly parse: (text: string, askedAt: number) => { readonly token: T; readonly expiresAt: number } | undefined;
  /** What such an answer lacks. */
  readonly lacking: string;
  readonly parseError: (text: string) => Refusal;
  /** What a person can do beside correcting `setIn`. */
  readonly wayOut: string;
}

/** The part of its lifetime after which a token is replaced. */
const RENEW_AFTER = 0.8;

/**
 * Trades a token. Throws CREDENTIALS_UNSUPPORTED where a person must correct something, CREDENTIALS_UNAVAILABLE while the
 * cloud is away.
 */
export async function exchangeToken<T>(access: Required<IssuerAccess>, exchange: Exchange<T>): Promise<IssuedToken<T>> {
  const assertion = await exchange.identity.assertion();
  const askedAt = access.now();
  const said = await post(access, exchange, assertion);
  if (said.status !== 200) throw toRefusal(exchange, said);
  const answer = exchange.parse(said.text, askedAt);
  if (!answer) throw unavailable(exchange, exchange.lacking);
  return { ...answer, renewAt: askedAt + (answer.expiresAt - askedAt) * RENEW_AFTER };
}

async function post<T>(access: Required<IssuerAccess>, exchange: Exchange<T>, assertion: Secret): Promise<FormAnswer> {
  const { url, toForm, identity } = exchange;
  try {
    return await postForm(access, { url, form: toForm(assertion), via: identity.via });
  } catch (error) {
    throw unavailable(exchange, messageOf(error), { cause: error });
  }
}

/** A cloud says what is wrong; what it does not say is where that is corrected. */
function toRefusal<T>(exchange: Exchange<T>, { status, text, retryAt }: FormAnswer): HawserError {
  const { isTransient, description } = exchange.parseError(text);
  const said = `HTTP ${status}${description === '' ? '' : `: ${description}`}`;
  if (isTransient || status === 429 || status >= 500) return unavailable(exchange, said, retryAt ? { retryAt } : {});
  const { title, identity, wayOut } = exchange;
  return new HawserError('CREDENTIALS_UNSUPPORTED', `${title}: ${said}; correct ${identity.setIn}, or ${wayOut}`);
}

function unavailable<T>(
  { title }: Exchange<T>,
  problem: string,
  details: { cause?: unknown; retryAt?: Date } = {},
): HawserError {
  return new HawserError('CREDENTIALS_UNAVAILABLE', `${title}: ${problem}`, details);
}
