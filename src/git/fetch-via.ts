import { fetch } from 'undici';
import type { Connection } from '../credentials/connection.ts';
import type { ConnectionPools } from './connection-pools.ts';

/** `fetch` over the connections that a credential's owner wants, for whoever speaks HTTP through a library or posts a form. */
export function createFetchVia(pools: ConnectionPools): (via: Connection | undefined) => typeof globalThis.fetch {
  return (via) => {
    const fetchVia = (url: string, init: object) => fetch(url, { ...init, dispatcher: pools.poolFor(via) });
    return fetchVia as unknown as typeof globalThis.fetch;
  };
}
