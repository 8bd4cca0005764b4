import type { GitAnswer } from './create-transport.ts';

export function isRedirect({ status }: GitAnswer): boolean {
  return status >= 300 && status < 400;
}

/** True if the answer declares this media type, parameters aside. */
export function isOfType({ headers }: GitAnswer, type: string): boolean {
  return (
    String(headers['content-type'] ?? '')
      .split(';', 1)[0]
      ?.trim() === type
  );
}
