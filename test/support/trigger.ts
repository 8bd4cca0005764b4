import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';

export const TRIGGER_TOKEN = 'canary-trigger-token-0123456789';

export interface TriggerCall {
  /** `Kustomization/<namespace>/<name>`, or of a GitRepository. */
  readonly target: string;
  /** Null sends none. */
  readonly token?: string | null;
  readonly wait?: boolean;
  readonly query?: string;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

/** One line of a stream. */
export type TriggerLine = Readonly<Record<string, unknown>>;

/** Calls the trigger, as CI does. */
export function callTrigger({ publicUrl }: { readonly publicUrl: string }, call: TriggerCall): Promise<Response> {
  const { token = TRIGGER_TOKEN, wait, body, idempotencyKey, signal } = call;
  const query = call.query ?? (wait ? '?wait=true' : '');
  return fetch(new URL(`/trigger/${call.target}${query}`, publicUrl), {
    method: 'POST',
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Triggers, waits for the end of the stream, and answers its lines and the last one. */
export async function triggerAndWait(
  hawser: { readonly publicUrl: string },
  call: Omit<TriggerCall, 'wait'>,
): Promise<{ lines: TriggerLine[]; verdict: TriggerLine }> {
  const response = await callTrigger(hawser, { ...call, wait: true });
  if (response.status !== 200) throw new Error(`the trigger answers ${response.status}: ${await response.text()}`);
  const lines: TriggerLine[] = [];
  for await (const line of readLines(response)) lines.push(line);
  return { lines, verdict: lines.at(-1) ?? {} };
}

/** The lines of a stream as they come. */
export async function* readLines(response: Response): AsyncGenerator<TriggerLine> {
  if (!response.body) return;
  const input = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
  for await (const line of createInterface({ input })) yield JSON.parse(line) as TriggerLine;
}

/** Calls the API of the internal listener. */
export function callApi(
  { internalUrl }: { readonly internalUrl: string },
  path: string,
  { token = TRIGGER_TOKEN, method = 'GET' }: { readonly token?: string | null; readonly method?: string } = {},
): Promise<Response> {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  return fetch(new URL(path, internalUrl), { method, headers });
}

/** `<status> <code> <message>` of a refusal. */
export async function readError(response: Response): Promise<string> {
  const { error } = (await response.json()) as { error?: { code: string; message: string } };
  return `${response.status} ${error?.code} ${error?.message}`;
}
