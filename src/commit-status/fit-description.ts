import { redact } from '../errors/redact.ts';

/** GitHub answers 422 to anything longer. */
const LONGEST_DESCRIPTION = 140;

/** One redacted line of at most 140 characters, cut between code points: statuses are as public as the repository. */
export function fitDescription(text: string): string {
  const line = redact(text).replace(/\s+/g, ' ').trim();
  const characters = [...line];
  if (characters.length <= LONGEST_DESCRIPTION) return line;
  return `${characters.slice(0, LONGEST_DESCRIPTION - 1).join('')}…`;
}
