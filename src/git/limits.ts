/** Bounds on what a remote may make this process hold or do; a remote is hostile until it has been read. */
export interface GitLimits {
  /** Milliseconds until an answer begins, and between two pieces of it. */
  readonly idleMs: number;
  /** Bytes of one answer. */
  readonly responseBytes: number;
  /** Bytes of an answer that lists refs, or in which a server introduces itself. */
  readonly refBytes: number;
  /** Refs kept of one list. */
  readonly refs: number;
  /** Bytes of all packs that are being received, read and stored at once. */
  readonly packsAtOnceBytes: number;
  readonly objectsPerPack: number;
  /** Bytes of one object, inflated. */
  readonly objectBytes: number;
  /** Bytes of all objects of a pack, inflated and resolved. */
  readonly packBytes: number;
  readonly entriesPerTree: number;
  /** Directories within directories. */
  readonly treeDepth: number;
}

const MIB = 1024 * 1024;

/** The bounds in force; tests use smaller ones. */
export const GIT_LIMITS: GitLimits = {
  idleMs: 20_000,
  responseBytes: 256 * MIB,
  refBytes: 64 * MIB,
  refs: 500_000,
  packsAtOnceBytes: 512 * MIB,
  objectsPerPack: 500_000,
  objectBytes: 64 * MIB,
  packBytes: 256 * MIB,
  entriesPerTree: 200_000,
  treeDepth: 64,
};
