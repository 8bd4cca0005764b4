import { type KubeObject, refOf } from '../model/kube-object.ts';
import type { KubeClient, WriteOptions } from './kube-client.ts';

type Patcher = Pick<KubeClient, 'mergePatch'>;

interface FinalizerOptions extends WriteOptions {
  readonly finalizer: string;
}

/** Holds an object's deletion back until the finalizer is removed; returns the object as it is then. */
export async function addFinalizer(
  client: Patcher,
  object: KubeObject,
  options: FinalizerOptions,
): Promise<KubeObject> {
  const finalizers = object.metadata.finalizers ?? [];
  if (finalizers.includes(options.finalizer)) return object;
  return patchFinalizers(client, object, { ...options, finalizers: [...finalizers, options.finalizer] });
}

/** Lets an object's deletion go on; returns the object as it was last. */
export async function removeFinalizer(
  client: Patcher,
  object: KubeObject,
  options: FinalizerOptions,
): Promise<KubeObject> {
  const finalizers = object.metadata.finalizers ?? [];
  if (!finalizers.includes(options.finalizer)) return object;
  const others = finalizers.filter((name) => name !== options.finalizer);
  return patchFinalizers(client, object, { ...options, finalizers: others });
}

/** With resourceVersion, because a merge patch replaces the whole list and would undo what others added meanwhile. */
function patchFinalizers(
  client: Patcher,
  object: KubeObject,
  { finalizers, finalizer: _, ...options }: FinalizerOptions & { finalizers: string[] },
): Promise<KubeObject> {
  const { resourceVersion } = object.metadata;
  return client.mergePatch(refOf(object), { metadata: { resourceVersion, finalizers } }, options);
}
