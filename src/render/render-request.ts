import type { KubeObject } from '../model/kube-object.ts';

/** What to render of a snapshot: the fields of a Kustomization that decide it. */
export interface RenderRequest {
  /** `spec.path` as written, such as `./deploy`. */
  readonly path: string;
  readonly targetNamespace: string | undefined;
  /** Whether a file (path from the snapshot's root) is left out, as Flux's artifacts leave out ignored files. */
  readonly ignored?: (path: string) => boolean;
  /** Identifies the rules behind `ignored`; without it the results of plain directories are not cached. */
  readonly ignoredId?: string;
}

/** What a render gave; shared between renders, so never to be changed. */
export interface Rendered {
  /** In the shape that is sent, in build order, frozen at every depth: renders share them. */
  readonly objects: readonly KubeObject[];
  /** `sha256:…` over the canonical JSON of the objects. */
  readonly digest: string;
  readonly warnings: readonly string[];
}
