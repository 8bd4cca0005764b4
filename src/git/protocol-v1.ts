import type { RemoteRef } from './git-remote.ts';
import { encodePacket, FLUSH, readPackets, textOf } from './pkt-line.ts';
import type { FetchRequest } from './protocol-v2.ts';
import { readSideband } from './sideband.ts';
import { toRemoteError } from './to-remote-error.ts';

/** What a server says about itself in answer to `GET info/refs`. */
export type Advertisement =
  | { readonly version: 2; readonly capabilities: ReadonlySet<string> }
  | { readonly version: 1; readonly capabilities: ReadonlySet<string>; readonly refs: readonly RemoteRef[] };

/** Used where offered; side-band and shallow are not in this list because nothing goes without them. */
const OPTIONAL = ['thin-pack', 'ofs-delta', 'no-progress'];
const PEELED = '^{}';

/** Reads the advertisement of either version. */
export function parseAdvertisement(body: Buffer): Advertisement {
  const lines: string[] = [];
  for (const packet of readPackets(body)) {
    if (packet.kind !== 'data') continue;
    const line = textOf(packet.data);
    if (line.startsWith('ERR ')) throw toRemoteError(line.slice(4));
    if (!line.startsWith('# service=') && line !== 'version 1') lines.push(line);
  }
  if (lines[0] === 'version 2') return { version: 2, capabilities: new Set(lines.slice(1)) };
  const [first = '', capabilities = ''] = (lines[0] ?? '').split('\0');
  const refs = parseRefs([first, ...lines.slice(1)]);
  return { version: 1, capabilities: new Set(capabilities.split(' ')), refs };
}

/** The v1 request of one commit without history. */
export function encodeWant({ sha, have }: FetchRequest, capabilities: ReadonlySet<string>): string {
  const chosen = ['side-band-64k', ...OPTIONAL.filter((name) => capabilities.has(name))].join(' ');
  const shallow = have === undefined ? '' : encodePacket(`shallow ${have}`);
  const haves = have === undefined ? '' : encodePacket(`have ${have}`);
  return `${encodePacket(`want ${sha} ${chosen}`)}${shallow}${encodePacket('deepen 1')}${FLUSH}${haves}${encodePacket('done')}`;
}

/** The pack in the answer to a v1 request; undefined if the server answered nothing. */
export function parseWanted(body: Buffer): Buffer | undefined {
  return body.length === 0 ? undefined : readSideband(body, 0);
}

function parseRefs(lines: readonly string[]): RemoteRef[] {
  const refs = new Map<string, RemoteRef>();
  for (const line of lines) {
    const match = /^([0-9a-f]{40}) (\S+)$/.exec(line);
    const [, sha, name] = match ?? [];
    if (sha === undefined || name === undefined || name === 'capabilities^{}') continue;
    const base = name.endsWith(PEELED) ? refs.get(name.slice(0, -PEELED.length)) : undefined;
    if (base) refs.set(base.name, { ...base, peeled: sha });
    else refs.set(name, { name, sha });
  }
  return [...refs.values()];
}
