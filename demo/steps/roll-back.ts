import { applied, imageOf, ready, reported, rolledOut, type Scene, showMoments, type Times } from '../scene.ts';
import { sendWebhook } from '../send-webhook.ts';

/** The branch is moved back by force, and the cluster with it. */
export async function rollBack(scene: Scene): Promise<Times> {
  const { screen, shell, workTree } = scene;
  const before = await workTree.shell.run('git', 'rev-parse', 'HEAD');
  await workTree.shell.show('git', 'reset', '--hard', 'HEAD~1');
  await workTree.shell.type('git', 'push', '-f');
  const after = await workTree.shell.run('git', 'rev-parse', 'HEAD');
  screen.gap();

  const { sentAt, answered } = sendWebhook(scene, { before, after });
  screen.moment(0, 'webhook is sent');
  const image = imageOf('latest');
  const times = await showMoments(scene, sentAt, [
    answered,
    applied(scene, image, sentAt),
    ready(scene, after, sentAt),
    rolledOut(scene, image, sentAt),
    reported(scene, after, sentAt),
  ]);
  screen.gap();
  await shell.show('kubectl', 'get', 'kustomization');
  return times;
}
