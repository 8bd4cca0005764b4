import { inspect } from 'node:util';
import { REDACTED, rememberSecret } from './redact.ts';

/** A secret value that prints as `[redacted]` everywhere; `reveal` is the only way to the value. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
    rememberSecret(value);
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
