import type { Cache } from '../../src/kube/create-cache.ts';
import type { KubeClient } from '../../src/kube/kube-client.ts';
import { KubeError } from '../../src/kube/to-kube-error.ts';
import type { KubeObject, ObjectRef } from '../../src/model/kube-object.ts';

type Listener = Parameters<Cache['onChange']>[0];

/** The custom resources of a cluster, as far as status and finalizers are written; each watch is as late as the test wants. */
export class SimulatedCluster {
  isAway = false;
  readonly #objects = new Map<string, KubeObject>();
  readonly #watches = new Set<SimulatedWatch>();
  #version = 1;

  constructor(objects: readonly KubeObject[]) {
    for (const object of objects) this.#objects.set(object.kind, this.#stamp(object));
  }

  read(kind: string): KubeObject {
    const found = this.#objects.get(kind);
    if (!found) throw new Error(`no ${kind}`);
    return found;
  }

  /** What a process sees of the cluster from now on: all there is, and then one change after the other. */
  watch(): SimulatedWatch {
    const watch = new SimulatedWatch([...this.#objects.values()]);
    this.#watches.add(watch);
    return watch;
  }

  unwatch(watch: SimulatedWatch): void {
    this.#watches.delete(watch);
  }

  /** `gate` is awaited before a write arrives and before its answer does. */
  client(gate: () => Promise<void>): Pick<KubeClient, 'get' | 'mergePatch'> {
    return {
      get: async ({ kind }) => {
        this.#requireThere();
        return this.#objects.get(kind);
      },
      mergePatch: async (ref, patch, options) => {
        await gate();
        options?.signal?.throwIfAborted();
        options?.beforeWrite?.(options.timeoutMs ?? 0);
        this.#requireThere();
        const written = this.#patch(ref, patch as Patch);
        await gate();
        return written;
      },
    };
  }

  #patch({ kind }: ObjectRef, patch: Patch): KubeObject {
    const before = this.read(kind);
    if (patch.metadata?.resourceVersion !== before.metadata.resourceVersion) {
      throw new KubeError('KUBE_CONFLICT', 'changed meanwhile', { status: 409, kubeReason: 'Conflict' });
    }
    const after = this.#stamp(merge(before, patch) as KubeObject);
    this.#objects.set(kind, after);
    for (const watch of this.#watches) watch.add(after);
    return after;
  }

  #stamp(object: KubeObject): KubeObject {
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version++) } };
  }

  #requireThere(): void {
    if (this.isAway) throw new KubeError('KUBE_UNAVAILABLE', 'no answer', { status: 0, kubeReason: '' });
  }
}

interface Patch {
  readonly metadata?: { readonly resourceVersion?: string };
}

/** RFC 7386. */
function merge(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = merge(merged[name], value);
  }
  return merged;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One process' caches of both kinds, with the changes that it has not heard of yet. */
export class SimulatedWatch {
  readonly #seen: Map<string, KubeObject>;
  readonly #coming: KubeObject[] = [];
  readonly #listeners = new Map<string, Listener>();

  constructor(objects: readonly KubeObject[]) {
    this.#seen = new Map(objects.map((object) => [object.kind, object]));
  }

  add(object: KubeObject): void {
    this.#coming.push(object);
  }

  /** Lets so many changes arrive. */
  advance(most = Number.POSITIVE_INFINITY): void {
    for (let count = 0; count < most; count++) {
      const object = this.#coming.shift();
      if (!object) return;
      const previous = this.#seen.get(object.kind);
      this.#seen.set(object.kind, object);
      this.#listeners.get(object.kind)?.('MODIFIED', object, previous);
    }
  }

  cache(kind: string): Cache {
    const list = () => [...this.#seen.values()].filter((object) => object.kind === kind);
    return {
      get: () => this.#seen.get(kind),
      list,
      synced: Promise.resolve(),
      onChange: (listener) => {
        this.#listeners.set(kind, listener);
        return () => this.#listeners.delete(kind);
      },
      stop: async () => {},
    };
  }
}
