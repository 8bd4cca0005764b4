/** The share of one body that is being read. */
export interface BodyLease {
  add(bytes: number): void;
  /** The body is complete or given up. May be called twice. */
  close(): void;
}

/** Bounds the bytes of unfinished bodies, whose senders have not proved anything yet. */
export interface BodyBudget {
  /** `evict` is called when this body must go. */
  open(evict: () => void): BodyLease;
}

interface OpenBody {
  bytes: number;
  readonly evict: () => void;
}

/**
 * Beyond the bound the body that has been read for longest goes, not the newest: a real delivery is complete within
 * milliseconds, so whoever holds many bodies open can only push out his own.
 */
export function createBodyBudget(maxBytes: number): BodyBudget {
  const oldestFirst = new Set<OpenBody>();
  let held = 0;

  function close(body: OpenBody): void {
    if (oldestFirst.delete(body)) held -= body.bytes;
  }

  function makeRoom(): void {
    for (const body of oldestFirst) {
      if (held <= maxBytes) return;
      if (body.bytes === 0) continue;
      close(body);
      body.evict();
    }
  }

  return {
    open(evict) {
      const body: OpenBody = { bytes: 0, evict };
      oldestFirst.add(body);
      return {
        add(bytes) {
          if (!oldestFirst.has(body)) return;
          body.bytes += bytes;
          held += bytes;
          makeRoom();
        },
        close: () => close(body),
      };
    },
  };
}
