import { applied, imageOf, ready, reported, rolledOut, type Scene, showMoments, type Times } from '../scene.ts';

/** A push of which nobody tells: the poller finds it, at the latest after the GitRepository's interval. */
export async function pushWithoutWebhook(scene: Scene): Promise<Times> {
  const { screen, shell, workTree } = scene;
  await workTree.shell.type('sed', '-i', 's/:latest/:v3/', 'deployment.yaml');
  await workTree.shell.show('git', 'commit', '-am', 'Use v3');
  await workTree.shell.type('git', 'push');
  const since = performance.now();
  const sha = await workTree.shell.run('git', 'rev-parse', 'HEAD');
  screen.gap();
  screen.moment(0, 'pushed; waiting until it is found');
  const image = imageOf('v3');
  const times = await showMoments(scene, since, [
    applied(scene, image, since),
    ready(scene, sha, since),
    rolledOut(scene, image, since),
    reported(scene, sha, since),
  ]);
  screen.gap();
  await shell.show('kubectl', 'get', 'kustomization');
  return times;
}
