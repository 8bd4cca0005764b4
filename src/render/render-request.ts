import type { KubeObject } from '../model/kube-object.ts';
import type { KustomizationSpec } from '../model/kustomization-spec.ts';

/** The fields of a Kustomization's spec that change what is built, beside path and target namespace. */
export type Overlay = Pick<
  KustomizationSpec,
  | 'namePrefix'
  | 'nameSuffix'
  | 'patches'
  | 'images'
  | 'components'
  | 'ignoreMissingComponents'
  | 'buildMetadata'
  | 'patchesStrategicMerge'
  | 'patchesJson6902'
  | 'commonMetadata'
>;

/** Reads what is kept encrypted; `id` names its keys in cache keys, and changes with them. */
export interface BuildDecryptor {
  readonly id: string;
  /** `path` ends as its format does; where a name in the kustomization decides that, it is `<path> as <name>`. */
  decryptFile(path: string, content: Buffer): Promise<Buffer>;
  decryptObject(object: KubeObject): Promise<KubeObject>;
}

/** What is done with each object once it is built and decrypted; `id` is part of cache keys. */
export interface Substitute {
  readonly id: string;
  apply(object: KubeObject): KubeObject;
}

/** What to render of a snapshot: the fields of a Kustomization that decide it. */
export interface RenderRequest {
  /** `spec.path` as written, such as `./deploy`. */
  readonly path: string;
  readonly targetNamespace: string | undefined;
  /** Whether a file (path from the snapshot's root) is left out, as Flux's artifacts leave out ignored files. */
  readonly ignored?: (path: string) => boolean;
  /** Identifies the rules behind `ignored`; without it the results of plain directories are not cached. */
  readonly ignoredId?: string;
  readonly overlay?: Overlay;
  readonly decryptor?: BuildDecryptor;
  readonly substitute?: Substitute;
}

/** What a render gave; shared between renders, so never to be changed. */
export interface Rendered {
  /** In the shape that is sent, in build order, frozen at every depth: renders share them. */
  readonly objects: readonly KubeObject[];
  /** `sha256:…` over the canonical JSON of the objects. */
  readonly digest: string;
  readonly warnings: readonly string[];
}
