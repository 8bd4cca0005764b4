import type { KubeObject } from '../model/kube-object.ts';
import type { ListQuery, WatchEventType } from './kube-client.ts';
import { acceptFor, type KubeContext } from './kube-context.ts';
import { type LocatedCollection, locateCollection, selectorsOf, toKindOf } from './kube-reads.ts';
import { readLines } from './read-lines.ts';
import { toQuery } from './resource-path.ts';
import { toConnectionError, toKubeError } from './to-kube-error.ts';

const SHORTEST_WATCH_S = 300;

interface FollowOptions {
  /** Where to go on from. */
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
  /** After each event and bookmark: where the next request may go on from. */
  onVersion(resourceVersion: string): void;
  onEvent(type: WatchEventType, object: KubeObject): void;
}

interface WatchLine {
  readonly type: WatchEventType | 'BOOKMARK' | 'ERROR';
  readonly object: KubeObject;
}

/** One watch request; resolves when the API server ends it, as it does every few minutes, throws if it breaks. */
export async function followCollection(context: KubeContext, query: ListQuery, options: FollowOptions): Promise<void> {
  const collection = await locateCollection(context, query);
  const silence = new AbortController();
  const { watchSilenceMs } = context;
  const endSilence = () => silence.abort(new Error(`silent for ${watchSilenceMs / 1_000} s`));
  const timer = setTimeout(endSilence, watchSilenceMs);
  const signal = AbortSignal.any([options.signal, silence.signal]);
  const request = { query, collection, signal, resourceVersion: options.resourceVersion };
  let hasReceived = false;
  try {
    for await (const line of readLines(readChunks(context, request, () => timer.refresh()))) {
      options.signal.throwIfAborted();
      takeLine(JSON.parse(line) as WatchLine, collection, options);
      hasReceived = true;
    }
  } finally {
    clearTimeout(timer);
  }
  // Every regular end comes with a bookmark; without this, a server that only hangs up would be asked in a tight loop.
  if (!hasReceived) throw toConnectionError(new Error('the watch ended before it brought anything'), context.server);
}

function takeLine({ type, object }: WatchLine, collection: LocatedCollection, options: FollowOptions): void {
  if (type === 'ERROR') throw toKubeError({ status: Number(object.code), body: JSON.stringify(object) });
  if (type !== 'BOOKMARK') options.onEvent(type, toKindOf(object, collection));
  if (object.metadata.resourceVersion !== undefined) options.onVersion(object.metadata.resourceVersion);
}

interface WatchRequest {
  readonly query: ListQuery;
  readonly collection: LocatedCollection;
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
}

async function* readChunks(context: KubeContext, request: WatchRequest, onChunk: () => void): AsyncGenerator<Buffer> {
  const { query, collection, resourceVersion, signal } = request;
  const timeoutSeconds = Math.round(SHORTEST_WATCH_S * (1 + Math.random()));
  const parameters = { watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds };
  const path = `${collection.path}${toQuery({ ...selectorsOf(query), ...parameters })}`;
  const headers = { ...context.headers, accept: acceptFor(query.metadataOnly) };
  try {
    const { status, body } = await context.transport.open({ method: 'GET', path, headers, signal });
    if (status >= 400) throw await refusalOf(context, { status, body: body as AsyncIterable<Buffer>, collection });
    for await (const chunk of body as AsyncIterable<Buffer>) {
      onChunk();
      yield chunk;
    }
  } catch (error) {
    throw toConnectionError(error, context.server);
  }
}

interface Refusal {
  readonly status: number;
  readonly body: AsyncIterable<Buffer>;
  readonly collection: LocatedCollection;
}

async function refusalOf(context: KubeContext, { status, body, collection }: Refusal): Promise<Error> {
  const error = toKubeError({ status, body: await readStart(body), notServed: collection.notServed });
  if (error.code === 'KUBE_KIND_NOT_SERVED') context.discovery.invalidate();
  return error;
}

const MOST_REFUSAL_BYTES = 1024 * 1024;

/** As much of a body as a refusal can sensibly have. */
async function readStart(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= MOST_REFUSAL_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
