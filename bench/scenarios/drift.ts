import type { KubeObject } from '../../src/model/kube-object.ts';
import { eventually } from '../../test/support/eventually.ts';
import { makeConfigMap, makeGitRepository, makeKustomization } from '../../test/support/make-kustomization.ts';
import type { Stage } from '../stage.ts';
import { median, type Row } from '../statistics.ts';

const WARM_UPS = 3;
const RIGHT = 'right';

/**
 * One Kustomization of as many ConfigMaps as there are rounds; each round somebody edits another one, because one that is
 * edited again and again is a fight. Times count from the answer to the edit. The floor is one bare apply that does the
 * same, seen by the same watch.
 */
export async function drift(stage: Stage, rounds: number): Promise<{ rows: Row[]; ratio: number }> {
  const { client, repository } = stage;
  const namespace = await stage.createNamespace('drift');
  const names = Array.from({ length: rounds + WARM_UPS }, (_, index) => `settings-${index}`);
  await repository.branch('drift');
  const files = names.map((name) => [`drift/${name}.yaml`, makeConfigMap(name, { value: RIGHT })]);
  await repository.commitAndPush(Object.fromEntries(files));
  await repository.branch('main');
  await stage.create(
    makeGitRepository({ namespace }, { url: repository.url, ref: { branch: 'drift' } }),
    makeKustomization({ namespace }, { path: './drift' }),
  );
  const observer = watchValues(stage, namespace);
  await eventually(async () => observer.requireAll(names), { timeoutMs: 60_000 });

  const putBack: number[] = [];
  const floor: number[] = [];
  for (const [index, name] of names.entries()) {
    const ref = { group: '', version: 'v1', kind: 'ConfigMap', namespace, name };
    await client.mergePatch(ref, { data: { value: 'wrong' } }, { fieldManager: 'somebody' });
    const ours = await observer.timeUntil(name, RIGHT);
    const other = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `floor-${name}`, namespace } };
    await client.create({ ...other, data: { value: 'wrong' } });
    const applied = observer.timeUntil(other.metadata.name, RIGHT);
    await client.apply({ ...other, data: { value: RIGHT } }, { fieldManager: 'floor' });
    const least = await applied;
    if (index < WARM_UPS) continue;
    putBack.push(ours);
    floor.push(least);
  }
  await observer.stop();
  const rows = [
    { what: 'put back', values: putBack },
    { what: 'floor: one apply', values: floor },
  ];
  return { rows, ratio: median(putBack) / median(floor) };
}

/** Follows the values of the ConfigMaps of a namespace. */
function watchValues({ client }: Stage, namespace: string) {
  const values = new Map<string, unknown>();
  const waiting = new Map<string, { readonly value: string; readonly resolve: () => void }>();
  const take = ({ metadata, data }: KubeObject) => {
    const value = (data as Record<string, string> | undefined)?.value;
    values.set(metadata.name, value);
    const waiter = waiting.get(metadata.name);
    if (waiter?.value === value) waiter?.resolve();
  };
  const watch = client.watch(
    { group: '', version: 'v1', plural: 'configmaps', namespace },
    { onSnapshot: (items) => items.forEach(take), onEvent: (_, object) => take(object) },
  );
  return {
    requireAll(names: readonly string[]): void {
      const missing = names.filter((name) => values.get(name) !== RIGHT);
      if (missing.length > 0) throw new Error(`not there yet: ${missing.join(', ')}`);
    },
    /** Milliseconds from now until the watch shows the value. */
    async timeUntil(name: string, value: string): Promise<number> {
      const startedAt = performance.now();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const timer = setTimeout(() => reject(new Error(`${name} was not put back within 30 s`)), 30_000);
      waiting.set(name, { value, resolve });
      await promise;
      clearTimeout(timer);
      waiting.delete(name);
      return performance.now() - startedAt;
    },
    stop: () => watch.stop(),
  };
}
