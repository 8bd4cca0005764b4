import { type HookHistory, NO_HISTORY } from '../../src/push-record/hook-history.ts';
import type { PushOpening, PushOutcome } from '../../src/push-record/push-record.ts';

interface MemoryRecord {
  readonly opening: PushOpening;
  reason: string | undefined;
  readonly outcomes: Map<string, PushOutcome>;
}

/** Push records as far as the end of a push matters, in memory. */
export interface MemoryRecords {
  readonly all: ReadonlyMap<string, MemoryRecord>;
  open(opening: PushOpening): Promise<string>;
  addStep(): Promise<void>;
  setMatches(id: string, matches: { readonly reason?: string | undefined }): Promise<void>;
  setOutcome(id: string, key: string, outcome: PushOutcome): Promise<void>;
  setOutcomes(id: string, keys: readonly string[], outcome: PushOutcome): Promise<void>;
  setPin(): Promise<void>;
  setReason(id: string, reason: string): Promise<void>;
  readHooks(uid: string): Promise<HookHistory>;
  writeHooks(uid: string, history: HookHistory): Promise<void>;
  /** Redis was emptied. */
  clear(): void;
}

export function createMemoryRecords(): MemoryRecords {
  const all = new Map<string, MemoryRecord>();
  const hooks = new Map<string, HookHistory>();
  const setReason = (id: string, reason: string | undefined) => {
    const record = all.get(id);
    if (record && reason !== undefined) record.reason = reason;
  };
  let count = 0;
  return {
    all,
    open: async (opening) => {
      const id = opening.deliveryId ?? `poll-${count++}`;
      if (!all.has(id)) all.set(id, { opening, reason: undefined, outcomes: new Map() });
      return id;
    },
    addStep: async () => {},
    setMatches: async (id, { reason }) => setReason(id, reason),
    setOutcome: async (id, key, outcome) => void all.get(id)?.outcomes.set(key, outcome),
    setOutcomes: async (id, keys, outcome) => {
      for (const key of keys) all.get(id)?.outcomes.set(key, outcome);
    },
    setPin: async () => {},
    setReason: async (id, reason) => setReason(id, reason),
    readHooks: async (uid) => hooks.get(uid) ?? NO_HISTORY,
    writeHooks: async (uid, history) => void hooks.set(uid, history),
    clear: () => {
      all.clear();
      hooks.clear();
    },
  };
}
