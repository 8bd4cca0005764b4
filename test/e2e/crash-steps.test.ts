import { describe, test } from 'node:test';
import {
  createKustomizations,
  isExactly,
  planLanes,
  put,
  restart,
  setStage,
  stopAndKill,
} from '../support/crash-lanes.ts';

describe('a process that is killed', () => {
  test('at any write of a first sync leaves nothing undone and nothing behind', async (t) => {
    const stage = await setStage(t);

    for (const lanes of await planLanes(stage, 'create')) {
      const sha = await put(stage, lanes, 'first');
      await stopAndKill(stage, lanes, () => createKustomizations(stage, lanes));
      await restart(stage);
      await isExactly(stage, lanes, { content: 'first', sha });
    }
  });

  test('at any write of a sync that renames one object and removes another leaves neither', async (t) => {
    const stage = await setStage(t);

    for (const lanes of await planLanes(stage, 'change')) {
      const first = await put(stage, lanes, 'first');
      await createKustomizations(stage, lanes);
      await isExactly(stage, lanes, { content: 'first', sha: first });
      const second = await stopAndKill(stage, lanes, () => put(stage, lanes, 'second'));
      await restart(stage);
      await isExactly(stage, lanes, { content: 'second', sha: second });
    }
  });
});
