import { HawserError } from '../errors/hawser-error.ts';
import type { RemoteRef } from './git-remote.ts';
import { DELIMITER, encodePacket, FLUSH, readPackets, textOf } from './pkt-line.ts';
import { createRefList, type WantedRefs } from './ref-list.ts';
import { readSideband } from './sideband.ts';
import { toRemoteError } from './to-remote-error.ts';

/** One commit wanted, with the last one at hand as the base of deltas. */
export interface FetchRequest {
  readonly sha: string;
  readonly have: string | undefined;
}

/**
 * The request of refs below prefixes. The object format is left out (a server knows at most the one it has), so
 * that no capability needs to be known beforehand.
 */
export function encodeLsRefs(prefixes: readonly string[]): string {
  const lines = ['peel', ...prefixes.map((prefix) => `ref-prefix ${prefix}`)];
  return `${encodePacket('command=ls-refs')}${DELIMITER}${lines.map(encodePacket).join('')}${FLUSH}`;
}

/** Reads the answer to `ls-refs`, a bounded number of refs; undefined if it is not one of protocol v2. */
export function parseLsRefs(body: Buffer, wanted: WantedRefs): readonly RemoteRef[] | undefined {
  if (!/^[0-9a-f]{4}/.test(body.toString('latin1', 0, 4))) return undefined;
  const list = createRefList(wanted); // a server may name more than it was asked for
  for (const packet of readPackets(body)) {
    if (packet.kind !== 'data') return list.refs;
    const ref = parseRef(textOf(packet.data));
    if (ref) list.add(ref);
  }
  throw new HawserError('GIT_RESPONSE_INVALID', 'the list of refs was cut short');
}

/** The request of one commit without history, as a thin pack over the commit at hand. */
export function encodeFetch({ sha, have }: FetchRequest): string {
  const lines = ['thin-pack', 'no-progress', 'ofs-delta', 'deepen 1', `want ${sha}`];
  if (have !== undefined) lines.push(`shallow ${have}`, `have ${have}`);
  return `${encodePacket('command=fetch')}${DELIMITER}${[...lines, 'done'].map(encodePacket).join('')}${FLUSH}`;
}

/** The pack in the answer to `fetch`; undefined if the answer is not one of protocol v2. */
export function parseFetch(body: Buffer): Buffer | undefined {
  if (body.length === 0) return undefined;
  for (const packet of readPackets(body)) {
    if (packet.kind !== 'data') continue;
    const text = textOf(packet.data.subarray(0, 1024));
    if (text.startsWith('ERR ')) throw toRemoteError(text.slice(4));
    if (text === 'packfile') return readSideband(body, packet.end);
  }
  throw new HawserError('GIT_RESPONSE_INVALID', 'the answer holds no pack');
}

function parseRef(line: string): RemoteRef | undefined {
  if (line.startsWith('ERR ')) throw toRemoteError(line.slice(4));
  const [sha = '', name = '', ...attributes] = line.split(' ');
  if (!/^[0-9a-f]{40}$/.test(sha) || name === '') return undefined;
  const peeled = attributes.find((attribute) => attribute.startsWith('peeled:'))?.slice('peeled:'.length);
  return { name, sha, ...(peeled !== undefined && { peeled }) };
}
