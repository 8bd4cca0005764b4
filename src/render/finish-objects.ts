import { findEmptyItem } from '../manifest/find-empty-item.ts';
import { findIdentityProblem } from '../manifest/find-identity-problem.ts';
import { findTextProblem } from '../manifest/find-text-problem.ts';
import type { LocatedObject } from '../manifest/parse-manifests.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { formatSubject, refOf } from '../model/kube-object.ts';
import { isFields } from './fields.ts';
import { createPause } from './pause.ts';
import { renderFailed } from './render-error.ts';
import type { Overlay, RenderRequest } from './render-request.ts';

/** What is done with built objects, before they are brought into the shape that is sent. */
export type Finish = Pick<RenderRequest, 'decryptor' | 'substitute'> & Pick<Overlay, 'commonMetadata'>;

/** Part of every cache key: two finishes of the same objects with the same id give the same. */
export function idOfFinish({ decryptor, substitute, commonMetadata }: Finish): unknown {
  return [decryptor?.id, substitute?.id, commonMetadata];
}

/**
 * Decrypts each object, substitutes its variables, expands what is a list by then, and sets the common metadata: in
 * Flux's order. Throws what the decryptor and the substitution throw, and RENDER_FAILED for what is no object after.
 */
export async function finishObjects(
  built: readonly LocatedObject[],
  finish: Finish,
  signal: AbortSignal,
): Promise<readonly LocatedObject[]> {
  const pause = createPause();
  const finished: LocatedObject[] = [];
  for (const located of built) {
    const decrypted = (await finish.decryptor?.decryptObject(located.object)) ?? located.object;
    const object = finish.substitute?.apply(decrypted) ?? decrypted;
    if (object !== located.object) checkObject(object, located.object);
    for (const item of expandList(object, located.object)) {
      finished.push({ ...located, object: withCommonMetadata(item, finish.commonMetadata) });
    }
    await pause(signal);
  }
  return finished;
}

/** As Flux expands what it has built: by `items`, whatever the kind. */
function expandList(object: KubeObject, before: KubeObject): readonly KubeObject[] {
  const { items } = object;
  if (!Array.isArray(items)) return [object];
  for (const item of items) checkObject(item, before);
  return items as KubeObject[];
}

function checkObject(value: unknown, before: KubeObject): asserts value is KubeObject {
  const problem = findIdentityProblem(value) ?? findContentProblem(value as KubeObject);
  if (problem === undefined) return;
  throw renderFailed(
    `${formatSubject(refOf(before))} is invalid after its variables and secrets were filled in: ${problem}`,
  );
}

function findContentProblem(object: KubeObject): string | undefined {
  const emptyItem = findEmptyItem(object);
  return emptyItem === undefined ? findTextProblem(object) : `${emptyItem} is empty`;
}

function withCommonMetadata(object: KubeObject, common: Overlay['commonMetadata']): KubeObject {
  if (common === undefined) return object;
  const metadata = { ...object.metadata };
  for (const field of ['labels', 'annotations'] as const) {
    const own = metadata[field];
    const all = { ...(isFields(own) ? own : {}), ...common[field] };
    if (Object.keys(all).length > 0) metadata[field] = all;
  }
  return { ...object, metadata };
}
