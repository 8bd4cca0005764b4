import { createHash } from 'node:crypto';
import { HawserError } from '../errors/hawser-error.ts';
import type { Connection } from './connection.ts';

/** A token, or what else somebody has issued for a while; times are milliseconds since the epoch. */
export interface IssuedToken<T> {
  readonly token: T;
  /** From when on a new one is asked for. */
  readonly renewAt: number;
  readonly expiresAt: number;
}

/** Tokens by whatever tells apart who may have them. */
export interface TokenCache<T> {
  /** The token of this id, asked for where none is held that lasts; throws what asking for it threw. */
  get(id: string, ask: () => Promise<IssuedToken<T>>): Promise<T>;
}

const MOST_TOKENS = 1_000;
/** What is about to expire would do so on its way. */
const LEAST_LEFT_MS = 60_000;
/** While an issuer is away, whoever needs a token that is good still does not wait for it each time. */
const RETRY_MS = 30_000;

/**
 * Keeps tokens until they are to be renewed; whoever asks meanwhile shares one request. A token that is good still
 * stands in while its issuer is away. `now`: milliseconds since the epoch.
 */
export function createTokenCache<T>(now: () => number): TokenCache<T> {
  const held = new Map<string, IssuedToken<T>>();
  const asked = new Map<string, Promise<IssuedToken<T>>>();
  const renew = async (id: string, ask: () => Promise<IssuedToken<T>>): Promise<IssuedToken<T>> => {
    const answer = await ask();
    held.delete(id);
    held.set(id, answer);
    const [oldest] = held.keys();
    if (held.size > MOST_TOKENS && oldest !== undefined) held.delete(oldest);
    return answer;
  };
  const standIn = (id: string, error: unknown): IssuedToken<T> => {
    const known = held.get(id);
    const isAway = error instanceof HawserError && error.code === 'CREDENTIALS_UNAVAILABLE';
    if (!isAway || !known || known.expiresAt - now() <= LEAST_LEFT_MS) throw error;
    held.set(id, { ...known, renewAt: Math.min(now() + RETRY_MS, known.expiresAt - LEAST_LEFT_MS) });
    return known;
  };
  return {
    async get(id, ask) {
      const known = held.get(id);
      if (known && now() < known.renewAt) return known.token;
      const pending = asked.get(id) ?? renew(id, ask).finally(() => asked.delete(id));
      asked.set(id, pending);
      return (await pending.catch((error: unknown) => standIn(id, error))).token;
    },
  };
}

/** The id of a token, by whatever tells its owner apart and how its issuer is reached; it shows no secret among them. */
export function toTokenId(parts: readonly string[], via: Connection | undefined): string {
  const { ca = '', clientCertificate, proxy } = via ?? {};
  const way = [ca, clientCertificate?.certificate ?? '', proxy?.url ?? '', proxy?.username ?? ''];
  return createHash('sha256')
    .update(JSON.stringify([...parts, ...way]))
    .digest('base64');
}
