import { createHash } from 'node:crypto';
import { z } from 'zod';
import { HawserError } from '../errors/hawser-error.ts';
import { MOST_REFS } from './payload-fields.ts';
import { readWantedJson, type Wanted } from './read-wanted-json.ts';

const FORM = 'application/x-www-form-urlencoded';
const EVENT_NAME = /^[A-Za-z][\w:. -]{0,63}$/;

/** Reads of JSON no more than what the schema names; throws WEBHOOK_BODY_INVALID naming the field. */
export function readPayload<Schema extends z.ZodType>(schema: Schema, raw: Buffer): z.output<Schema> {
  const result = schema.safeParse(parseJson(raw, wantedBy(schema)));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalid(issue?.path.join('.') || 'body', issue?.message ?? 'is malformed');
}

/** The name of the event in a header, safe to repeat in an answer; throws WEBHOOK_BODY_INVALID if it is none. */
export function readEventName(header: string, value: string | undefined): string {
  if (!value || !EVENT_NAME.test(value)) throw invalid(header, 'the header must name an event');
  return value;
}

/** True for the form encoding, whose one field `payload` holds the JSON. */
export function isForm(contentType = ''): boolean {
  return contentType.toLowerCase().startsWith(FORM);
}

/**
 * The field `payload` of a form that holds nothing else. Splits nothing, so that a form of a million fields, sent by
 * somebody who has not proved anything yet, costs nothing. Undefined if it is not such a form.
 */
export function readFormPayload(raw: Buffer): string | undefined {
  const text = raw.toString('latin1');
  if (!text.startsWith('payload=') || text.includes('&')) return undefined;
  try {
    return decodeURIComponent(text.slice('payload='.length).replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/** Stands in for a missing delivery id: the same body sent twice is then taken for a redelivery. */
export function toContentId(raw: Buffer): string {
  return `body-${createHash('sha256').update(raw).digest('hex')}`;
}

/** A verified delivery that is not what the provider documents. */
export function invalid(field: string, problem: string): HawserError {
  return new HawserError('WEBHOOK_BODY_INVALID', `the delivery is malformed: ${field}: ${problem}`, {
    data: { field },
  });
}

const wantedBySchema = new WeakMap<z.ZodType, Wanted>();

function wantedBy(schema: z.ZodType): Wanted {
  const known = wantedBySchema.get(schema);
  const wanted = known ?? toWanted(z.toJSONSchema(schema));
  if (!known) wantedBySchema.set(schema, wanted);
  return wanted;
}

type JsonSchema = z.core.JSONSchema._JSONSchema;

function toWanted(schema: JsonSchema): Wanted {
  if (typeof schema === 'boolean') return {};
  const { properties, items, anyOf = [] } = schema;
  if (properties) return { fields: new Map(Object.entries(properties).map(([key, below]) => [key, toWanted(below)])) };
  if (items && !Array.isArray(items)) return { items: toWanted(items) };
  return anyOf.map(toWanted).find(({ fields, items: list }) => fields ?? list) ?? {};
}

function parseJson(raw: Buffer, wanted: Wanted): unknown {
  try {
    return readWantedJson(raw, wanted, MOST_REFS + 1);
  } catch {
    // biome-ignore lint/style/useErrorCause: the parser's own message would quote the body in the log
    throw invalid('body', 'is not JSON');
  }
}
