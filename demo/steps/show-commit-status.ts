import { type Scene, type Times, toMoment } from '../scene.ts';
import { shortenDescription } from '../shorten-description.ts';
import { APP } from '../start-stage.ts';

/** What was posted on the commit, and what the cluster says of the same sync. */
export async function showCommitStatus(scene: Scene): Promise<Times> {
  const { screen, github, shell, lastPush } = scene;
  const posted = github.statuses.filter(({ sha }) => sha === lastPush?.sha);
  const last = posted.at(-1);
  if (!last || !lastPush) throw new Error('no commit status was posted');
  screen.say(`GitHub has been told about commit ${lastPush.sha.slice(0, 8)}:`);
  screen.gap();
  for (const { state, context, description, at } of posted) {
    screen.moment(toMoment(at) - lastPush.sentAt, `${state.padEnd(9)}${context}  ${description ?? ''}`);
  }
  screen.gap();
  if (last.targetUrl) screen.say(`The status links to the record of the push: ${last.targetUrl}`);
  screen.gap();
  screen.say('The cluster tells the same (shortened):');
  screen.gap();
  screen.output(shortenDescription(await shell.type('kubectl', 'describe', 'kustomization', APP)));
  return posted.map(({ state }) => state).join(', then ');
}
