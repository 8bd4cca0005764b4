/** Conditions as Flux and kstatus read them; pure functions over plain data. */
export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  observedGeneration?: number | undefined;
  lastTransitionTime: string;
}

export type NewCondition = Pick<Condition, 'type' | 'status' | 'reason' | 'message' | 'observedGeneration'>;

/** Flux's limit for a condition's message. */
const LONGEST_MESSAGE = 20_000;

export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** Builds the conditions to store: Ready first, and the transition time kept where status, reason and message stay. */
export function toConditions(
  previous: readonly Condition[] | undefined,
  next: readonly NewCondition[],
  now: Date,
): Condition[] {
  const time = `${now.toISOString().slice(0, 19)}Z`;
  return [...next]
    .sort((a, b) => Number(b.type === 'Ready') - Number(a.type === 'Ready'))
    .map((condition) => {
      const message = condition.message.slice(0, LONGEST_MESSAGE);
      const before = findCondition(previous, condition.type);
      const unchanged =
        before?.status === condition.status && before.reason === condition.reason && before.message === message;
      return { ...condition, message, lastTransitionTime: unchanged ? before.lastTransitionTime : time };
    });
}
