/** Bounds of one render: a larger one is refused with a message, before it takes the process down. */
export interface RenderLimits {
  /** Files that a build may read. */
  readonly files: number;
  /** Bytes that a build may read. */
  readonly bytes: number;
  /** Objects that a build may produce. */
  readonly objects: number;
}

/** Generous for people and small enough for the process. */
export const RENDER_LIMITS: RenderLimits = { files: 50_000, bytes: 128 * 1024 * 1024, objects: 50_000 };
