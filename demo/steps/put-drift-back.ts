import { imageOf, isDeploymentOf, rolledOut, type Scene, showMoments, type Times } from '../scene.ts';
import { APP } from '../start-stage.ts';

/** Someone changes the image in the cluster by hand; the watch sees it, and Git's image comes back. */
export async function putDriftBack(scene: Scene): Promise<Times> {
  const { screen, shell, cluster } = scene;
  const edited = imageOf('edited-by-hand');
  const typedAt = performance.now();
  const changed = cluster.seen('the edit is in the cluster', (object) => isDeploymentOf(object, edited), typedAt);
  await shell.show('kubectl', 'set', 'image', `deployment/${APP}`, `${APP}=${edited}`);
  screen.gap();
  const since = await changed;
  screen.moment(0, `the Deployment asks for ${edited}`);
  const image = imageOf('v2');
  const text = `put back: the Deployment asks for ${image}`;
  const times = await showMoments(scene, since, [
    { label: 'put back', text, at: cluster.seen(text, (object) => isDeploymentOf(object, image), since) },
    rolledOut(scene, image, since),
  ]);
  screen.gap();
  await shell.show('kubectl', 'get', 'deployment', '-o', 'wide');
  return times;
}
