import { HawserError } from '../../src/errors/hawser-error.ts';
import type { ParsedDelivery } from '../../src/webhook/webhook-provider.ts';

/** A line that says all: the moved refs, or why none, or the error's code and field. */
export function summarizeDelivery(given: () => ParsedDelivery): string {
  try {
    const parsed = given();
    if (parsed.kind === 'ignored') return `ignored: ${parsed.reason}`;
    return parsed.pushes.map(({ ref, before, after }) => `${ref} ${before[0]}→${after[0]}`).join(', ');
  } catch (error) {
    if (!(error instanceof HawserError)) throw error;
    return [error.code, error.data.field].filter((part) => part !== undefined).join(' ');
  }
}
