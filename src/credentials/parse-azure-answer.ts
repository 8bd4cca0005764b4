import { z } from 'zod';

const LifetimeS = z.coerce
  .number()
  .int()
  .positive()
  .max(7 * 24 * 3_600);

/** https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#successful-response */
const TokenAnswer = z.object({
  token_type: z.string().regex(/^bearer$/i),
  access_token: z.string().regex(/^[\w.~+/=-]+$/),
  expires_in: LifetimeS,
});

const ErrorAnswer = z.object({ error: z.string().default(''), error_description: z.string().default('') });

const LONGEST_DESCRIPTION = 400;
const TRANSIENT: ReadonlySet<string> = new Set(['temporarily_unavailable', 'server_error']);

/** The token in an answer of Entra ID, with its lifetime in seconds; undefined if it holds none. */
export function parseAzureToken(text: string): { readonly token: string; readonly lifetimeS: number } | undefined {
  const { data } = TokenAnswer.safeParse(parseJson(text));
  return data && { token: data.access_token, lifetimeS: data.expires_in };
}

/**
 * What Entra ID says of a refusal, in one line. Left out are the ids and the time of the request, because a message
 * that changes with each attempt would be written into the cluster each time.
 */
export function parseAzureError(text: string): { readonly isTransient: boolean; readonly description: string } {
  const { data } = ErrorAnswer.safeParse(parseJson(text));
  if (!data) return { isTransient: false, description: '' };
  const [lasting = ''] = data.error_description.split(/\s*(?:Trace ID|Correlation ID|Timestamp):/);
  const description = (lasting || data.error).replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return { isTransient: TRANSIENT.has(data.error), description: description.slice(0, LONGEST_DESCRIPTION) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
