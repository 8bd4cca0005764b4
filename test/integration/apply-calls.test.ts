import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { messageOf } from '../../src/errors/hawser-error.ts';
import { configMap, toManifests } from '../support/apply-manifests.ts';
import { useApply } from '../support/use-apply.ts';

const COUNT = 1_000;

describe('a set of a thousand objects', () => {
  test('costs nothing while nothing changes, and nothing but trials and writes for what does', async (t) => {
    const bench = await useApply(t);
    const set = (changed: number) =>
      toManifests(
        ...Array.from({ length: COUNT }, (_, index) =>
          configMap(`c${index}`, { x: index < changed ? `${changed}` : '' }),
        ),
      );
    const { failures } = await bench.apply(set(0));
    assert.deepEqual(failures.map(messageOf), []);
    const costs: Record<string, Record<string, number>> = { created: bench.calls() };

    for (const [name, changed] of Object.entries({ unchanged: 0, one: 1, seven: 7, still: 7 })) {
      await bench.apply(set(changed));
      costs[name] = bench.calls();
    }

    assert.deepEqual(costs, {
      created: { dryRun: COUNT, apply: COUNT },
      unchanged: {},
      one: { apply: 1 },
      seven: { dryRun: 7, apply: 7 },
      still: {},
    });
  });
});
