import { applied, imageOf, ready, reported, rolledOut, type Scene, showMoments, type Times } from '../scene.ts';
import { sendWebhook } from '../send-webhook.ts';

/** A new image is pushed, and GitHub's webhook tells of it. */
export async function pushWithWebhook(scene: Scene): Promise<Times> {
  const { shell } = scene.workTree;
  const before = await shell.run('git', 'rev-parse', 'HEAD');
  await shell.type('sed', '-i', 's/:latest/:v2/', 'deployment.yaml');
  await shell.show('git', 'commit', '-am', 'Use v2');
  await shell.type('git', 'push');
  const after = await shell.run('git', 'rev-parse', 'HEAD');
  scene.screen.gap();

  const { sentAt, answered } = sendWebhook(scene, { before, after });
  scene.screen.moment(0, 'webhook is sent, signed with the secret');
  const image = imageOf('v2');
  return showMoments(scene, sentAt, [
    answered,
    applied(scene, image, sentAt),
    ready(scene, after, sentAt),
    rolledOut(scene, image, sentAt),
    reported(scene, after, sentAt),
  ]);
}
