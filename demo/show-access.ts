import { APP, type Stage } from './start-stage.ts';

/** Tells how to reach everything that keeps running. */
export function showAccess({ screen, kubeconfig, workTree, hawser, github, webhookSecret, logFile }: Stage): void {
  screen.chapter('Everything keeps running; Ctrl-C stops it and removes it');
  screen.table([
    ['cluster', `export KUBECONFIG=${kubeconfig}`],
    ['repository', workTree.dir],
    ['webhooks', `${hawser.publicUrl}/webhooks/github`],
    ['', `secret ${webhookSecret}; the repository ${workTree.repository} sends them from now on`],
    ['service', `${hawser.internalUrl}/readyz, ${hawser.internalUrl}/metrics`],
    ["GitHub's API", `${github.url}/repos/${workTree.repository}/commits/<sha>/statuses`],
    ['log', logFile],
  ]);
  screen.gap();
  screen.say('To try, in another terminal:');
  screen.gap();
  screen.command(`export KUBECONFIG=${kubeconfig}`);
  screen.command('kubectl get gitrepository,kustomization,deployment -o wide');
  screen.command(`kubectl delete deployment ${APP}`);
  screen.command(`cd ${workTree.dir}`);
  screen.command('sed -i s/:v3/:v4/ deployment.yaml && git commit -am "Use v4" && git push');
  screen.command(`kubectl describe kustomization ${APP}`);
  screen.gap();
}
