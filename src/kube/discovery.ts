/** A kind as the API server serves it. */
export interface ResourceInfo {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Which kinds the API server serves: two requests at the start, conditional ones where something is missing. */
export interface Discovery {
  /**
   * Without a version, the group's preferred one. A kind that is not known is asked for once more; throws
   * KUBE_UNAVAILABLE where nobody can tell, because the server behind the group's APIService is down.
   */
  resolve(ref: { group: string; version?: string | undefined; kind: string }): Promise<ResourceInfo | undefined>;
  resolvePlural(ref: { group: string; version: string; plural: string }): Promise<ResourceInfo | undefined>;
  /** A CRD or an APIService changed: the next question is asked again. */
  invalidate(): void;
}
