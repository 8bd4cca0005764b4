import type { Scene, Times } from './scene.ts';
import type { Stage, StageOptions } from './start-stage.ts';
import { firstDeploy } from './steps/first-deploy.ts';
import { pushWithWebhook } from './steps/push-with-webhook.ts';
import { pushWithoutWebhook } from './steps/push-without-webhook.ts';
import { putDriftBack } from './steps/put-drift-back.ts';
import { rollBack } from './steps/roll-back.ts';
import { showCommitStatus } from './steps/show-commit-status.ts';

interface Step {
  readonly title: string;
  /** What is about to be seen. */
  readonly words: string;
  readonly tell: (scene: Scene) => Promise<Times>;
}

const STEPS: readonly Step[] = [
  {
    title: 'First deploy',
    words: "A repository holds one Deployment; two of Flux's custom resources say what to follow and what to apply.",
    tell: firstDeploy,
  },
  {
    title: 'A push, with its webhook',
    words: 'A new image is pushed, and the Git host tells of it as GitHub does.',
    tell: pushWithWebhook,
  },
  {
    title: 'The commit status',
    words: 'Every push is answered on its commit, and in the cluster.',
    tell: showCommitStatus,
  },
  {
    title: 'Drift, put back',
    words: 'Someone changes the image in the cluster by hand. What Git says comes back.',
    tell: putDriftBack,
  },
  {
    title: 'A rollback by force push',
    words: 'The branch is moved back to the commit before, and the cluster follows.',
    tell: rollBack,
  },
  {
    title: 'A push without webhook',
    words: 'Nobody tells of this one. The remote is looked at every 5 s, the interval of the GitRepository.',
    tell: pushWithoutWebhook,
  },
];

/** Tells the tutorial step by step and sums up; false if a step did not happen. */
export async function tellStory(stage: Stage, { patienceMs, signal }: StageOptions): Promise<boolean> {
  const scene: Scene = { ...stage, patienceMs, signal, lastPush: undefined };
  const { screen } = stage;
  const rows: (readonly [string, string])[] = [];
  let failure: string | undefined;
  for (const [index, { title, words, tell }] of STEPS.entries()) {
    if (failure !== undefined) {
      rows.push([title, 'not tried']);
      continue;
    }
    screen.chapter(title, index + 1);
    screen.say(words);
    screen.gap();
    try {
      rows.push([title, await tell(scene)]);
    } catch (error) {
      signal.throwIfAborted();
      failure = `${title}: ${error instanceof Error ? error.message : error}`;
      rows.push([title, 'did not happen']);
      screen.failure(failure);
    }
  }
  screen.chapter('In short');
  screen.table(rows);
  if (failure === undefined) return true;
  screen.gap();
  await explain(scene, failure);
  return false;
}

/** What a person would look at first. */
async function explain({ screen, shell, hawser, logFile }: Scene, failure: string): Promise<void> {
  screen.failure(failure);
  screen.gap();
  const seen = await shell.run('kubectl', 'get', 'gitrepositories,kustomizations,deployments').catch(String);
  screen.output(seen);
  const trouble = hawser.log.filter(({ level }) => level === 'warn' || level === 'error').slice(-5);
  for (const line of trouble) screen.output(JSON.stringify(line));
  screen.say(`Hawser's log: ${logFile}`);
}
