import { HawserError } from '../errors/hawser-error.ts';

/** Characters looked at; a second of work at most. */
const MOST_STEPS = 64 * 1024 * 1024;

/** Bounds the work that the variables of one object may cause: patterns with many `*` are quadratic by nature. */
export class WorkBudget {
  #left = MOST_STEPS;

  /** Throws SUBSTITUTION_FAILED once the budget is used up. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left >= 0) return;
    throw new HawserError('SUBSTITUTION_FAILED', 'variable substitution failed: its patterns take too long to match');
  }
}
