/**
 * The cluster as the other modules see it: JSON objects with every field kept, server-side apply, watches.
 * What to write, and what an outcome means for a sync, is decided elsewhere.
 */
import type { KubeObject, ObjectRef } from '../model/kube-object.ts';
import type { Discovery } from './discovery.ts';

export interface KubeClient {
  readonly discovery: Discovery;
  /** Undefined if there is no such object; throws if its kind is not served. */
  get(ref: ObjectRef, options?: GetOptions): Promise<KubeObject | undefined>;
  list(query: ListQuery, signal?: AbortSignal): Promise<KubeList>;
  create(object: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  /** Posts to a subresource that answers and keeps nothing, such as a service account's `token`; repeated like a read. */
  createSubresource(ref: ObjectRef, subresource: 'token', body: unknown, options?: WriteOptions): Promise<unknown>;
  /** Server-side apply with force. */
  apply(object: KubeObject, options: ApplyOptions): Promise<ApplyResult>;
  mergePatch(ref: ObjectRef, patch: unknown, options?: PatchOptions): Promise<KubeObject>;
  jsonPatch(ref: ObjectRef, operations: readonly JsonPatchOperation[], options?: PatchOptions): Promise<KubeObject>;
  /** `gone` if there was nothing to delete; a precondition that does not hold is a KubeError with `isConflict`. */
  delete(ref: ObjectRef, options?: DeleteOptions): Promise<'deleted' | 'gone'>;
  watch(query: ListQuery, handlers: WatchHandlers): Watch;
  /** The same cluster through another identity; connections, bounds and discovery are shared, stopping it does nothing. */
  as(user: Impersonation): KubeClient;
  stop(): Promise<void>;
}

export interface Impersonation {
  readonly name: string;
  readonly groups?: readonly string[];
}

export interface GetOptions {
  /** Leaves spec and status out. */
  readonly metadataOnly?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly urgent?: boolean;
}

export interface ListQuery {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** All namespaces if absent. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Leaves spec and status out. */
  readonly metadataOnly?: boolean;
}

export interface KubeList {
  /** Each with apiVersion and kind, which the API server leaves out of lists. */
  readonly items: KubeObject[];
  readonly resourceVersion: string;
}

export interface WriteOptions {
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Goes before others that wait for a free slot. */
  readonly urgent?: boolean;
  /** Called right before each attempt with its time limit in milliseconds; what it throws ends the call. */
  readonly beforeWrite?: (timeoutMs: number) => void;
  /** Of one attempt, sent to the API server too; 30 s. */
  readonly timeoutMs?: number;
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
  /** Answers without spec and status. */
  readonly metadataOnly?: boolean;
}

export interface ApplyResult {
  readonly object: KubeObject;
  readonly created: boolean;
  /** The API server's, such as `unknown field "spec.foo"`. */
  readonly warnings: string[];
}

export interface PatchOptions extends WriteOptions {
  readonly subresource?: 'status' | 'scale';
}

export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

export interface DeleteOptions extends Omit<WriteOptions, 'fieldManager'> {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
}

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface WatchHandlers {
  /** Everything that matches, at the start and whenever the watch had to start over. */
  onSnapshot(items: KubeObject[]): void;
  onEvent(type: WatchEventType, object: KubeObject): void;
}

export interface Watch {
  /** After the first snapshot; rejects only if the watch is stopped before. */
  readonly synced: Promise<void>;
  stop(): Promise<void>;
}

/** What a client tells its observer, for metrics and logs. */
export type KubeClientEvent =
  | { kind: 'requestRetried'; method: string; path: string; status: number; delayMs: number }
  /** `ended` is normal; `expired` and `failed` cost a list or a delay. */
  | {
      kind: 'watchRestarted';
      resource: string;
      cause: 'ended' | 'expired' | 'failed';
      error?: unknown;
      delayMs: number;
    };
