import type { IncomingMessage } from 'node:http';
import { HawserError } from '../errors/hawser-error.ts';
import type { BodyBudget } from './body-budget.ts';

interface BodyLimits {
  readonly maxBytes: number;
  /** Milliseconds for the whole body. */
  readonly timeoutMs: number;
  readonly budget: BodyBudget;
}

/** How long a client that was refused may go on sending, so that it gets to read the answer. */
const LINGER_MS = 5_000;

/**
 * Reads the raw bytes of a request. Throws HTTP_BODY_TOO_LARGE (before reading, if the length is declared),
 * HTTP_BODY_INCOMPLETE after the timeout or a disconnect, HTTP_OVERLOADED when the budget is exhausted.
 */
export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  try {
    if (Number(request.headers['content-length'] ?? 0) > limits.maxBytes) throw tooLarge(limits.maxBytes);
    return await collect(request, limits);
  } catch (error) {
    drain(request);
    throw error;
  }
}

function collect(request: IncomingMessage, { maxBytes, timeoutMs, budget }: BodyLimits): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const lease = budget.open(() => reject(overloaded()));
  const timer = setTimeout(() => reject(incomplete(`did not arrive within ${timeoutMs / 1_000} s`)), timeoutMs);

  const onData = (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBytes) return reject(tooLarge(maxBytes));
    chunks.push(chunk);
    lease.add(chunk.length);
  };
  const onEnd = () => resolve(Buffer.concat(chunks, size));
  const onClose = () => reject(incomplete('broke off'));
  request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);

  return promise.finally(() => {
    clearTimeout(timer);
    lease.close();
    chunks.length = 0;
    request.off('data', onData).off('end', onEnd).off('close', onClose);
  });
}

/** Throws away what still comes, for a while: closing at once would reset the connection under the answer. */
function drain(request: IncomingMessage): void {
  request.resume();
  if (request.complete || request.destroyed) return;
  const timer = setTimeout(() => request.destroy(), LINGER_MS);
  timer.unref();
  request.once('close', () => clearTimeout(timer));
}

function tooLarge(maxBytes: number): HawserError {
  return new HawserError('HTTP_BODY_TOO_LARGE', `the body is larger than ${maxBytes} bytes, the limit of this route`);
}

function incomplete(what: string): HawserError {
  return new HawserError('HTTP_BODY_INCOMPLETE', `the body ${what}; send it again`);
}

function overloaded(): HawserError {
  return new HawserError('HTTP_OVERLOADED', 'too many bodies are being received, this one was given up; send it again');
}
