import type { ClusterAccess, ClusterCredentials, TlsOptions } from './load-cluster-access.ts';
import type { IssuedToken } from './service-account.ts';

interface TokenAccessOptions {
  readonly server: URL;
  readonly tls: TlsOptions;
  readonly requestToken: () => Promise<IssuedToken>;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

interface CurrentToken {
  readonly credentials: ClusterCredentials;
  readonly askedAt: number;
  readonly expiresAt: number;
  /** Postponed where a renewal failed. */
  renewAt: number;
}

/** The part of its lifetime after which a token is replaced, as client-go does. */
const RENEW_AFTER = 0.8;
/** Between two requests for a token, so that a cluster that rejects or breaks everything costs the local one little. */
const RENEWAL_BACKOFF_MS = 10_000;

/** Access with a token that is asked for when it is needed, renewed before it expires, and replaced where it was rejected. */
export function createTokenAccess({ server, tls, requestToken, now }: TokenAccessOptions): ClusterAccess {
  const clock = now ?? (() => performance.now());
  let current: CurrentToken | undefined;
  let renewal: Promise<ClusterCredentials> | undefined;

  const renew = async () => {
    const askedAt = clock();
    const { token, lifetimeMs } = await requestToken();
    const credentials = { headers: { authorization: `Bearer ${token}` }, tls };
    current = { credentials, askedAt, expiresAt: askedAt + lifetimeMs, renewAt: askedAt + lifetimeMs * RENEW_AFTER };
    return credentials;
  };
  const renewOnce = () => {
    renewal ??= renew().finally(() => {
      renewal = undefined;
    });
    return renewal;
  };
  /** A new token that was rejected would be followed by another one that is. */
  const isToBeReplaced = ({ credentials, askedAt }: CurrentToken, rejected: ClusterCredentials | undefined) =>
    credentials === rejected && clock() - askedAt >= RENEWAL_BACKOFF_MS;
  return {
    server,
    credentials: async (rejected) => {
      const held = current && !isToBeReplaced(current, rejected) ? current : undefined;
      if (held && clock() < held.renewAt) return held.credentials;
      try {
        return await renewOnce();
      } catch (error) {
        if (!held || clock() >= held.expiresAt) throw error;
        held.renewAt = clock() + RENEWAL_BACKOFF_MS;
        return held.credentials;
      }
    },
  };
}
