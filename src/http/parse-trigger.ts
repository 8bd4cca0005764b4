import { z } from 'zod';
import { HawserError } from '../errors/hawser-error.ts';
import { parseDuration } from '../model/duration.ts';
import { type ObjectKey, SYNC_KINDS } from '../model/object-key.ts';
import { isSha, parseRevision } from '../model/revision.ts';

const NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Reads `<kind>/<namespace>/<name>` of a path; kinds in any case. Throws HTTP_NOT_FOUND or TRIGGER_INVALID. Pure. */
export function parseTarget(path: {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}): ObjectKey {
  const kind = SYNC_KINDS.find((known) => known.toLowerCase() === path.kind.toLowerCase());
  if (!kind)
    throw new HawserError('HTTP_NOT_FOUND', `no kind of that name can be triggered: use ${SYNC_KINDS.join(' or ')}`);
  for (const part of ['namespace', 'name'] as const) {
    if (!NAME.test(path[part])) throw invalid(`the ${part} is not one that Kubernetes allows`);
  }
  return { kind, namespace: path.namespace, name: path.name };
}

const Body = z.strictObject({ revision: z.string().max(512).optional() });

/** Reads the body: nothing, or `{"revision": …}` with a commit or Flux's form of it. Throws TRIGGER_INVALID. Pure. */
export function parseTriggerBody(raw: Buffer): { readonly expectedSha: string | undefined } {
  if (raw.length === 0) return { expectedSha: undefined };
  const body = Body.safeParse(parseJson(raw));
  if (!body.success)
    throw invalid('the body may be JSON that holds {"revision": "<commit or Flux revision>"} and nothing else');
  const { revision } = body.data;
  if (revision === undefined) return { expectedSha: undefined };
  const sha = isSha(revision) ? revision : parseRevision(revision)?.sha;
  if (sha === undefined) throw invalid('revision must be a commit of 40 hex digits, or main@sha1:<commit>');
  return { expectedSha: sha };
}

/** Undefined for what is no JSON, which no body may be. */
function parseJson(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch {
    return undefined;
  }
}

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** Reads the header `Idempotency-Key`. Throws TRIGGER_INVALID. Pure. */
export function parseIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && IDEMPOTENCY_KEY.test(header)) return header;
  throw invalid('the Idempotency-Key must be 1 to 255 visible ASCII characters');
}

/** How to answer. */
export interface WaitOptions {
  readonly wait: boolean;
  readonly timeoutMs: number;
}

const DEFAULT_TIMEOUT_MS = 15 * 60_000;
const LONGEST_TIMEOUT_MS = 3_600_000;

/** Reads `?wait=true&timeout=10m`. Throws TRIGGER_INVALID. Pure. */
export function parseWait(query: Readonly<Record<string, unknown>>): WaitOptions {
  const { wait = 'false', timeout } = query;
  if (wait !== 'true' && wait !== 'false') throw invalid('wait must be true or false');
  const timeoutMs = timeout === undefined ? DEFAULT_TIMEOUT_MS : parseDuration(String(timeout));
  if (timeoutMs === undefined || timeoutMs <= 0 || timeoutMs > LONGEST_TIMEOUT_MS) {
    throw invalid('timeout must be a duration such as 90s or 10m, and at most 1h');
  }
  return { wait: wait === 'true', timeoutMs };
}

/** The caller's mistake, told to him. */
export function invalid(message: string): HawserError {
  return new HawserError('TRIGGER_INVALID', message);
}
