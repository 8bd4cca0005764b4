import { setTimeout as delay } from 'node:timers/promises';
import type { HawserError } from '../errors/hawser-error.ts';
import type { KubeObject } from '../model/kube-object.ts';
import type { RequestGate } from './create-request-gate.ts';
import type { HttpRequest, HttpResponse, Transport } from './create-transport.ts';
import { decideRetry } from './decide-retry.ts';
import type { KubeClientEvent } from './kube-client.ts';
import { toConnectionError, toKubeError } from './to-kube-error.ts';

/** One request to the API server, repeated where that is safe. */
export interface KubeCall extends Omit<HttpRequest, 'signal'> {
  readonly isIdempotent: boolean;
  readonly urgent?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called right before each attempt with the attempt's time limit; what it throws ends the call. */
  readonly beforeAttempt?: ((timeoutMs: number) => void) | undefined;
  readonly timeoutMs: number;
  /** The object sent, so that a Secret's values can be masked. */
  readonly sent?: KubeObject | undefined;
  readonly notServed?: string | undefined;
}

/** Sends calls within the gate's bound; resolves for statuses below 400, throws a KubeError otherwise. */
export type KubeCaller = (call: KubeCall) => Promise<HttpResponse>;

interface CallerDeps {
  readonly transport: Pick<Transport, 'send'>;
  readonly gate: RequestGate;
  readonly server: URL;
  readonly observe: (event: KubeClientEvent) => void;
}

export function createKubeCaller(deps: CallerDeps): KubeCaller {
  return async (call) => {
    for (let attempt = 1; ; attempt += 1) {
      const result = await attemptOnce(deps, call);
      if ('body' in result && result.status < 400) return result;
      const error = toError(deps, call, result);
      const isFinal = error.code === 'KUBE_REJECTED';
      const waitMs = decideRetry({ ...describeFailure(result), isFinal, isIdempotent: call.isIdempotent, attempt });
      if (waitMs === undefined) throw error;
      const delayMs = Math.round(waitMs * (1 + Math.random() / 4));
      deps.observe({ kind: 'requestRetried', method: call.method, path: call.path, status: result.status, delayMs });
      // The slot is free meanwhile: one overloaded resource must not hold up the others.
      await delay(delayMs, undefined, { signal: call.signal });
    }
  };
}

function describeFailure(result: HttpResponse | NoAnswer) {
  if ('error' in result) return { status: 0, errorCode: codeOf(result.error) };
  return { status: result.status, retryAfter: result.headers['retry-after'] };
}

interface NoAnswer {
  readonly status: 0;
  readonly error: unknown;
}

async function attemptOnce({ transport, gate }: CallerDeps, call: KubeCall): Promise<HttpResponse | NoAnswer> {
  return gate.run(async () => {
    call.beforeAttempt?.(call.timeoutMs);
    const timeout = AbortSignal.timeout(call.timeoutMs);
    const signal = call.signal ? AbortSignal.any([call.signal, timeout]) : timeout;
    try {
      const { method, path, headers, body } = call;
      return await transport.send({ method, path, headers, body, signal });
    } catch (error) {
      call.signal?.throwIfAborted();
      return { status: 0, error };
    }
  }, call);
}

function toError({ server }: CallerDeps, call: KubeCall, result: HttpResponse | NoAnswer): HawserError {
  if ('error' in result) return toConnectionError(result.error, server);
  return toKubeError({ status: result.status, body: result.body, sent: call.sent, notServed: call.notServed });
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
