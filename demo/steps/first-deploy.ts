import { applied, imageOf, ready, rolledOut, type Scene, showMoments, stored, type Times } from '../scene.ts';
import { APP } from '../start-stage.ts';

/** The tutorial's two custom resources are applied, and what the repository holds is deployed. */
export async function firstDeploy(scene: Scene): Promise<Times> {
  const { screen, shell, workTree, cluster } = scene;
  await workTree.shell.run('git', 'add', '--all');
  await workTree.shell.show('git', 'commit', '-m', 'Add the Deployment');
  await workTree.shell.type('git', 'push');
  const sha = await workTree.shell.run('git', 'rev-parse', 'HEAD');
  screen.gap();
  await shell.show('cat', 'fluxcd-repo.yaml');
  screen.gap();
  await shell.show('cat', 'fluxcd-kustomize.yaml');
  screen.gap();

  const typedAt = performance.now();
  const created = cluster.seen(
    'the GitRepository is created',
    ({ kind, metadata }) => kind === 'GitRepository' && metadata.name === APP,
    typedAt,
  );
  const image = imageOf('latest');
  const expected = [
    applied(scene, image, typedAt),
    ready(scene, sha, typedAt),
    stored(scene, sha, typedAt),
    rolledOut(scene, image, typedAt),
  ];
  await shell.show('kubectl', 'apply', '-f', 'fluxcd-repo.yaml', '-f', 'fluxcd-kustomize.yaml');
  screen.gap();
  const since = await created;
  screen.moment(0, 'the GitRepository is in the cluster');
  const times = await showMoments(scene, since, expected);
  screen.gap();
  await shell.show('kubectl', 'get', 'gitrepository');
  screen.gap();
  await shell.show('kubectl', 'get', 'kustomization');
  return times;
}
