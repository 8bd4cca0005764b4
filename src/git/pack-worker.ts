import { once } from 'node:events';
import { type MessagePort, parentPort } from 'node:worker_threads';
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { type GitObject, OBJECT_TYPES } from './git-object.ts';
import type { PackWorkerInput, PackWorkerOutput } from './read-pack.ts';
import { basesByIdOf, resolvePack } from './resolve-pack.ts';
import { scanPack } from './scan-pack.ts';

/** The entry point of the thread that reads one large pack, and ends. */
async function readOnePack(port: MessagePort): Promise<void> {
  try {
    const first = await nextInput(port);
    if (first.kind !== 'pack') return;
    const entries = scanPack(
      Buffer.from(first.pack.buffer, first.pack.byteOffset, first.pack.byteLength),
      first.limits,
    );
    tell(port, { kind: 'needs', ids: basesByIdOf(entries) });
    const second = await nextInput(port);
    if (second.kind !== 'bases') return;
    const bases = second.bases.map((base) => ({ ...base, data: Buffer.from(base.data) }));
    deliver(port, resolvePack(entries, bases, first.limits));
  } catch (error) {
    const code = error instanceof HawserError ? error.code : 'INTERNAL';
    tell(port, { kind: 'failed', code, message: messageOf(error) });
  }
}

function deliver(port: MessagePort, objects: readonly GitObject[]): void {
  const bytes = new Uint8Array(objects.reduce((sum, { data }) => sum + data.length, 0));
  let offset = 0;
  for (const { data } of objects) {
    bytes.set(data, offset);
    offset += data.length;
  }
  const table = objects.map(({ id, type, data }) => ({ id, type: OBJECT_TYPES.indexOf(type), size: data.length }));
  tell(port, { kind: 'objects', bytes: bytes.buffer, table }, [bytes.buffer]);
}

async function nextInput(port: MessagePort): Promise<PackWorkerInput> {
  const [input] = (await once(port, 'message')) as [PackWorkerInput];
  return input;
}

function tell(port: MessagePort, output: PackWorkerOutput, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(output, [...transfer]);
}

if (parentPort) await readOnePack(parentPort);
