import { isPlainObject } from '../manifest/plain-object.ts';
import type { KubeObject } from '../model/kube-object.ts';

/** True for an object that still carries SOPS metadata: a field `sops` with a `mac`, as Flux tells it. */
export function isEncrypted(object: KubeObject): boolean {
  return isPlainObject(object.sops) && Boolean(object.sops.mac);
}

const DECRYPT = 'kustomize.toolkit.fluxcd.io/decrypt';

/** True for an object whose annotation asks to leave it as it is. */
export function isDecryptionDisabled(object: KubeObject): boolean {
  return object.metadata.annotations?.[DECRYPT]?.toLowerCase() === 'disabled';
}
