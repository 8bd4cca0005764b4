import type { GitProxy } from './read-proxy.ts';
import type { TlsCredentials } from './read-tls.ts';

/** How a host is reached: whom to trust, how to show who asks, through which proxy. */
export interface Connection extends TlsCredentials {
  readonly proxy?: GitProxy | undefined;
}

/** Undefined where nothing is out of the ordinary. */
export function toConnection(tls: TlsCredentials, proxy: GitProxy | undefined): Connection | undefined {
  const isOrdinary = tls.ca === undefined && !tls.clientCertificate && !proxy;
  return isOrdinary ? undefined : { ...tls, ...(proxy && { proxy }) };
}
