import { HawserError } from '../errors/hawser-error.ts';
import { readPackets, textOf } from './pkt-line.ts';
import { toRemoteError } from './to-remote-error.ts';

const DATA = 1;
const PROGRESS = 2;
const ERROR = 3;

/** Joins the pack out of the side-band packets from an offset on; lines that are no side-band are passed over. */
export function readSideband(body: Buffer, start: number): Buffer {
  const parts: Buffer[] = [];
  for (const packet of readPackets(body, start)) {
    if (packet.kind !== 'data') {
      if (parts.length > 0) return Buffer.concat(parts);
      continue;
    }
    const [band] = packet.data;
    const content = packet.data.subarray(1);
    if (band === DATA) parts.push(content);
    else if (band === ERROR) throw toRemoteError(textOf(content));
    else if (band !== PROGRESS) rejectError(textOf(packet.data));
  }
  throw new HawserError('GIT_RESPONSE_INVALID', 'the answer was cut short: its pack has no end');
}

function rejectError(line: string): void {
  if (line.startsWith('ERR ')) throw toRemoteError(line.slice(4));
}
