/** kstatus' words for the state of an object. */
export type HealthStatus = 'Current' | 'InProgress' | 'Failed' | 'Terminating' | 'NotFound' | 'Unknown';

/** The verdict on an object, and for people why. */
export interface Health {
  readonly status: HealthStatus;
  readonly message: string;
}

/** The object is as its spec wants it. */
export function current(message: string): Health {
  return { status: 'Current', message };
}

/** A controller is still at work, or has not begun. */
export function inProgress(message: string): Health {
  return { status: 'InProgress', message };
}

/** The controller has given up; only a change of the object helps. */
export function failed(message: string): Health {
  return { status: 'Failed', message };
}

/** Nothing can be concluded. */
export function unknown(message: string): Health {
  return { status: 'Unknown', message };
}

/** The first health that is not undefined: a rule reads as the list of what may be wrong, the good case last. */
export function firstOf(...checks: readonly (Health | undefined)[]): Health {
  return checks.find((check) => check !== undefined) ?? unknown('No rule applies');
}

/** In progress while a condition holds, otherwise undefined. */
export function inProgressIf(holds: boolean, message: string): Health | undefined {
  return holds ? inProgress(message) : undefined;
}
