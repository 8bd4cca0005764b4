import type { RemoteRef } from './git-remote.ts';
import { encodePacket, FLUSH, readPackets, textOf } from './pkt-line.ts';
import type { FetchRequest } from './protocol-v2.ts';
import { createRefList, type RefList, type WantedRefs } from './ref-list.ts';
import { readSideband } from './sideband.ts';
import { toRemoteError } from './to-remote-error.ts';

/** What a server says about itself in answer to `GET info/refs`. */
export type Advertisement =
  | { readonly version: 2; readonly capabilities: ReadonlySet<string> }
  | {
      readonly version: 1;
      readonly capabilities: ReadonlySet<string>;
      /** True if the repository has no refs at all. */
      readonly isEmpty: boolean;
      /** Those that were wanted. */
      readonly refs: readonly RemoteRef[];
    };

/** Used where offered; side-band and shallow are not in this list because nothing goes without them. */
const OPTIONAL = ['thin-pack', 'ofs-delta', 'no-progress'];
const PEELED = '^{}';

/** Reads the advertisement of either version; of version 1 the wanted refs are kept. */
export function parseAdvertisement(body: Buffer, wanted: WantedRefs): Advertisement {
  const list = createRefList(wanted);
  const lines = readLines(body);
  const { value: first = '' } = lines.next();
  if (first === 'version 2') return { version: 2, capabilities: new Set(lines) };
  const [ref = '', capabilities = ''] = first.split('\0');
  let isEmpty = !addRef(list, ref);
  for (const line of lines) if (addRef(list, line)) isEmpty = false;
  return { version: 1, capabilities: new Set(capabilities.split(' ')), isEmpty, refs: list.refs };
}

function* readLines(body: Buffer): Generator<string, undefined> {
  for (const packet of readPackets(body)) {
    if (packet.kind !== 'data') continue;
    const line = textOf(packet.data);
    if (line.startsWith('ERR ')) throw toRemoteError(line.slice(4));
    if (!line.startsWith('# service=') && line !== 'version 1') yield line;
  }
  return undefined;
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

/** False if the line names no ref. */
function addRef(list: RefList, line: string): boolean {
  const [, sha, name] = /^([0-9a-f]{40}) (\S+)$/.exec(line) ?? [];
  if (sha === undefined || name === undefined || name === 'capabilities^{}') return false;
  if (name.endsWith(PEELED)) list.peel(name.slice(0, -PEELED.length), sha);
  else list.add({ name, sha });
  return true;
}
