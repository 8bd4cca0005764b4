import { type Fields, isFields, listIn } from './fields.ts';
import type { Overlay } from './render-request.ts';

/** What a Kustomization's spec adds to the kustomization file at its path. */
export interface OverlayFields extends Omit<Overlay, 'components' | 'ignoreMissingComponents' | 'commonMetadata'> {
  readonly targetNamespace?: string | undefined;
  /** Those of `spec.components` that are there. */
  readonly components?: readonly string[];
}

type Image = NonNullable<Overlay['images']>[number];

/**
 * A kustomization with a spec's fields, merged as Flux's generator does: namespace, prefix and suffix replace those of
 * the file, patches and components follow them, images change the entry of the same name. Pure. A file without
 * resources is given origin annotations, as under Flux, where kustomize would refuse it as empty.
 */
export function overlayKustomization(fields: Fields, overlay: OverlayFields, file: string): Fields {
  const { targetNamespace, namePrefix, nameSuffix, buildMetadata } = overlay;
  const append = (field: string, added: readonly unknown[] | undefined): Fields =>
    added === undefined || added.length === 0 ? {} : { [field]: [...listIn(fields, field, `${file}: `), ...added] };
  return {
    ...fields,
    ...(hasResources(fields) ? {} : { buildMetadata: ['originAnnotations'] }),
    ...(targetNamespace === undefined ? {} : { namespace: targetNamespace }),
    ...(namePrefix === undefined ? {} : { namePrefix }),
    ...(nameSuffix === undefined ? {} : { nameSuffix }),
    ...append(
      'patches',
      overlay.patches?.map(({ patch, target }) => ({ patch, target })),
    ),
    ...append('components', overlay.components),
    ...append(
      'patchesStrategicMerge',
      overlay.patchesStrategicMerge?.map((patch) => JSON.stringify(patch)),
    ),
    ...append('patchesJson6902', overlay.patchesJson6902?.map(toTextPatch)),
    ...(overlay.images?.length ? { images: mergeImages(listIn(fields, 'images', `${file}: `), overlay.images) } : {}),
    ...(buildMetadata?.length ? { buildMetadata } : {}),
  };
}

function hasResources({ resources }: Fields): boolean {
  return Array.isArray(resources) && resources.length > 0;
}

function toTextPatch({ patch, target }: NonNullable<Overlay['patchesJson6902']>[number]): Fields {
  return { patch: JSON.stringify(patch), target };
}

/** Merges images by name, the later one into the first of its name; tag and digest are one unit. Pure. */
export function mergeImages(before: readonly unknown[], images: readonly Image[]): readonly unknown[] {
  const merged: unknown[] = [...before];
  for (const image of images) {
    const index = merged.findIndex((entry) => isFields(entry) && entry.name === image.name);
    if (index < 0)
      merged.push({ name: image.name, newName: image.newName, newTag: image.newTag, digest: image.digest });
    else merged[index] = mergeImage(merged[index] as Fields, image);
  }
  return merged;
}

function mergeImage(entry: Fields, { newName, newTag, digest }: Image): Fields {
  return {
    ...entry,
    ...(newName ? { newName } : {}),
    ...(newTag || digest ? { newTag, digest } : {}),
  };
}
