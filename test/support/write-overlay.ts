import type { KubeObject } from '../../src/model/kube-object.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** A kustomization file with a spec's fields, as Flux documents the merge; written apart from what is tested with it. */
export function writeOverlay(file: Fields, spec: Fields, missing: readonly string[]): Fields {
  const gone = spec.ignoreMissingComponents ? missing : [];
  const legacy = listOf(spec, 'patchesJson6902') as readonly Fields[];
  return {
    ...file,
    ...pick(spec, { namePrefix: 'namePrefix', nameSuffix: 'nameSuffix', targetNamespace: 'namespace' }),
    ...(listOf(spec, 'buildMetadata').length > 0 ? { buildMetadata: spec.buildMetadata } : {}),
    patches: [...listOf(file, 'patches'), ...listOf(spec, 'patches')],
    components: listOf(spec, 'components').filter((path) => !gone.includes(String(path))),
    patchesStrategicMerge: listOf(spec, 'patchesStrategicMerge').map((value) => JSON.stringify(value)),
    patchesJson6902: legacy.map(({ target, patch }) => ({ target, patch: JSON.stringify(patch) })),
    images: writeImages(listOf(file, 'images') as Fields[], listOf(spec, 'images') as Fields[]),
  };
}

/** Puts common metadata on built objects, as Flux does after the build. */
export function writeCommonMetadata(objects: readonly KubeObject[], spec: Fields): void {
  const common = (spec.commonMetadata ?? {}) as Record<'labels' | 'annotations', Record<string, string> | undefined>;
  for (const { metadata } of objects) {
    if (common.labels) metadata.labels = { ...metadata.labels, ...common.labels };
    if (common.annotations) metadata.annotations = { ...metadata.annotations, ...common.annotations };
  }
}

function writeImages(own: readonly Fields[], added: readonly Fields[]): readonly Fields[] {
  const images: Record<string, unknown>[] = own.map((entry) => ({ ...entry }));
  for (const entry of added) {
    const same = images.find((candidate) => candidate.name === entry.name);
    if (!same) images.push({ ...entry });
    if (same && entry.newName) same.newName = entry.newName;
    if (same && (entry.newTag || entry.digest)) Object.assign(same, { newTag: entry.newTag, digest: entry.digest });
  }
  return images;
}

function pick(spec: Fields, names: Readonly<Record<string, string>>): Fields {
  const given = Object.entries(names).filter(([from]) => spec[from] !== undefined);
  return Object.fromEntries(given.map(([from, to]) => [to, spec[from]]));
}

function listOf(fields: Fields, field: string): readonly unknown[] {
  return (fields[field] as readonly unknown[] | undefined) ?? [];
}
