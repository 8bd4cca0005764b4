import type { KubeObject, ObjectRef } from '../../src/model/kube-object.ts';
import type { ApplyBench, ApplyBenchResult } from './use-apply.ts';

/** One YAML stream of many manifests; JSON is YAML. */
export function toManifests(...manifests: readonly (string | KubeObject)[]): string {
  return manifests
    .map((manifest) => (typeof manifest === 'string' ? manifest : JSON.stringify(manifest)))
    .join('\n---\n');
}

/** Names a ConfigMap of the test's namespace. */
export function configRef({ namespace }: { readonly namespace: string }, name: string): ObjectRef {
  return { group: '', version: 'v1', kind: 'ConfigMap', namespace, name };
}

/** What a sync did, one line an object: `ConfigMap a created`. */
export function linesOf({ changes }: Pick<ApplyBenchResult, 'changes'>): string[] {
  return changes.map(({ ref, action }) => `${ref.kind} ${ref.name} ${action}`);
}

/** Reads an object that must exist. */
export async function readObject({ client }: Pick<ApplyBench, 'client'>, ref: ObjectRef): Promise<KubeObject> {
  const object = await client.get(ref);
  if (!object) throw new Error(`${ref.kind}/${ref.name} does not exist`);
  return object;
}

/** Flux's per-object switches, as annotations. */
export function annotate(object: KubeObject, switches: Readonly<Record<string, string>>): KubeObject {
  const entries = Object.entries(switches).map(([name, value]) => [`kustomize.toolkit.fluxcd.io/${name}`, value]);
  const annotations = { ...object.metadata.annotations, ...Object.fromEntries(entries) };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** A ConfigMap as an object. */
export function configMap(name: string, data: Readonly<Record<string, string>>): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}
