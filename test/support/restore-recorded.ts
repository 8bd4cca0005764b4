import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeClient } from '../../src/kube/kube-client.ts';
import { type KubeObject, refOf } from '../../src/model/kube-object.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/flux');

/** The commit that was deployed when a real Flux 2.9 was recorded. */
const RECORDED_SHA = 'f2fc221fe9a383f263205f69a412d7b42aa7e09e';

export interface RecordedPlace {
  /** Instead of `default`, where the recording was made. */
  readonly namespace: string;
  /** The commit that takes the place of the recorded one. */
  readonly sha: string;
}

/** An object as Flux left it, moved to another namespace and commit. */
export async function readRecorded(name: string, { namespace, sha }: RecordedPlace): Promise<KubeObject> {
  const text = await readFile(join(FIXTURES, `${name}.json`), 'utf8');
  const moved = text
    .replaceAll('"default"', `"${namespace}"`)
    .replaceAll('"default_', `"${namespace}_`)
    .replaceAll(RECORDED_SHA, sha);
  return JSON.parse(moved) as KubeObject;
}

/** Creates a recorded object with what Flux set on it; what the API server assigns (uid, addresses, times) is new. */
export async function createRecorded(client: KubeClient, { status: _, ...recorded }: KubeObject): Promise<KubeObject> {
  const { name, namespace, labels, finalizers } = recorded.metadata;
  const metadata = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels === undefined ? {} : { labels }),
    ...(finalizers === undefined ? {} : { finalizers }),
  };
  return client.create({ ...recorded, metadata, ...withoutAddresses(recorded) });
}

/** Gives an object the recorded field owners: creating it dropped them, and made us its only one. */
export async function restoreOwners(client: KubeClient, recorded: KubeObject): Promise<KubeObject> {
  const value = recorded.metadata.managedFields;
  return client.jsonPatch(refOf(recorded), [{ op: 'replace', path: '/metadata/managedFields', value }]);
}

/** The status as recorded. */
export async function restoreStatus(client: KubeClient, recorded: KubeObject): Promise<KubeObject> {
  return client.mergePatch(refOf(recorded), { status: recorded.status }, { subresource: 'status' });
}

/** A Service's addresses are given out by the cluster. */
function withoutAddresses({ kind, spec }: KubeObject): { spec?: unknown } {
  if (kind !== 'Service') return {};
  const { clusterIP: _, clusterIPs: __, ...rest } = spec as Record<string, unknown>;
  return { spec: rest };
}
