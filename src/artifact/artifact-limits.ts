/** Bounds on what an artifact may make this process hold or do; an artifact is hostile until it has been read. */
export interface ArtifactLimits {
  /** Bytes of the file as it is downloaded. */
  readonly responseBytes: number;
  /** Bytes of the archive, inflated: contents, headers and padding. */
  readonly inflatedBytes: number;
  /** Bytes of one file, inflated. */
  readonly objectBytes: number;
  /** Entries of the archive and directories that they imply. */
  readonly entries: number;
  /** Bytes of a path, and of a symlink's target. */
  readonly pathBytes: number;
  /** Names in a path. */
  readonly depth: number;
}

const MIB = 1024 * 1024;

/** The bounds in force; tests use smaller ones. */
export const ARTIFACT_LIMITS: ArtifactLimits = {
  responseBytes: 256 * MIB,
  inflatedBytes: 256 * MIB,
  objectBytes: 64 * MIB,
  entries: 100_000,
  pathBytes: 1024,
  depth: 64,
};
