/** Lets a bounded number of log lines pass in a period, for lines that anybody can cause. */
export interface LogGate {
  /** How many lines were held back since the last one that passed; undefined if this one is held back too. */
  pass(): number | undefined;
}

interface Options {
  readonly mostLines: number;
  readonly periodMs: number;
  /** Milliseconds of any clock that does not go back. */
  readonly now?: () => number;
}

/** Makes a gate that is open again at the end of each period. */
export function createLogGate({ mostLines, periodMs, now = () => performance.now() }: Options): LogGate {
  let openedAt = Number.NEGATIVE_INFINITY;
  let passed = 0;
  let heldBack = 0;
  return {
    pass() {
      if (now() - openedAt >= periodMs) {
        openedAt = now();
        passed = 0;
      }
      if (passed >= mostLines) {
        heldBack++;
        return undefined;
      }
      passed++;
      const since = heldBack;
      heldBack = 0;
      return since;
    },
  };
}
