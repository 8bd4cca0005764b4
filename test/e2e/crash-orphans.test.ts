import { describe, test } from 'node:test';
import {
  createKustomizations,
  deleteKustomizations,
  isExactly,
  planLanes,
  put,
  restart,
  setStage,
  stopAndKill,
} from '../support/crash-lanes.ts';

describe('a process that is killed', () => {
  test('at any write of a deletion leaves no object and no Kustomization', async (t) => {
    const stage = await setStage(t);

    for (const lanes of await planLanes(stage, 'delete')) {
      const sha = await put(stage, lanes, 'first');
      await createKustomizations(stage, lanes);
      await isExactly(stage, lanes, { content: 'first', sha });
      await stopAndKill(stage, lanes, () => deleteKustomizations(stage, lanes));
      await restart(stage);
      await isExactly(stage, lanes, { content: 'nothing', sha });
    }
  });

  test('while it creates objects leaves none that has left Git, or whose Kustomization is deleted, meanwhile', async (t) => {
    const stage = await setStage(t);

    for (const lanes of await planLanes(stage, 'create')) {
      const doomed = lanes.filter((_, index) => index % 4 >= 2);
      const others = lanes.filter((lane) => !doomed.includes(lane));
      await put(stage, lanes, 'first');
      await stopAndKill(stage, lanes, () => createKustomizations(stage, lanes));
      const sha = await put(stage, lanes, 'second');
      await deleteKustomizations(stage, doomed);
      await restart(stage);
      await isExactly(stage, others, { content: 'second', sha });
      await isExactly(stage, doomed, { content: 'nothing', sha });
    }
  });
});
