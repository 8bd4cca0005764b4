/**
 * The tutorial on screen, against a real control plane: `make demo`. Everything is started, the story is told with its
 * times, and the service is left running until Ctrl-C. With CI=1 it ends after the story, and fails if a step did not
 * happen within HAWSER_DEMO_PATIENCE_MS.
 */
import { once } from 'node:events';
import { createScreen, type Screen } from './screen.ts';
import { sendWebhooks } from './send-webhooks.ts';
import { showAccess } from './show-access.ts';
import { type StageOptions, type Stops, startStage } from './start-stage.ts';
import { tellStory } from './tell-story.ts';

const INTERRUPTED = 130;

/** Runs the demo and answers the exit code. */
async function runDemo(options: StageOptions, stops: Stops): Promise<number> {
  const { screen, signal } = options;
  screen.chapter('Hawser: a push is deployed, checked and answered');
  const stage = await startStage(options, stops);
  const isTold = await tellStory(stage, options);
  if (isCi()) return isTold ? 0 : 1;
  await sendWebhooks(stage);
  showAccess(stage);
  if (!signal.aborted) await once(signal, 'abort');
  return isTold ? 0 : 1;
}

/** From the last to the first; what cannot be stopped is told, and the rest is stopped all the same. */
async function stopAll(screen: Screen, stops: Stops): Promise<boolean> {
  let isClean = true;
  for (const stop of stops.splice(0).reverse()) {
    await stop().catch((error: unknown) => {
      isClean = false;
      screen.failure(`not stopped cleanly: ${error instanceof Error ? error.message : error}`);
    });
  }
  return isClean;
}

function isCi(): boolean {
  return !['', '0', 'false'].includes(process.env.CI ?? '');
}

/** Aborted by the first signal; later ones change nothing, because what was started must be stopped. */
function abortOnSignal(): AbortSignal {
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => interruption.abort(new Error(`interrupted by ${name}`)));
  }
  return interruption.signal;
}

async function main(): Promise<number> {
  const screen = createScreen(process.stdout);
  const signal = abortOnSignal();
  const patienceMs = Number(process.env.HAWSER_DEMO_PATIENCE_MS ?? 30_000);
  const options = { screen, signal, patienceMs, watchedNamespace: process.env.HAWSER_NAMESPACE };
  const stops: Stops = [];
  let code = INTERRUPTED;
  try {
    code = await runDemo(options, stops);
  } catch (error) {
    if (!signal.aborted) {
      code = 1;
      screen.failure(error instanceof Error ? error.message : String(error));
    }
  }
  screen.gap();
  screen.say('Stopping …');
  const isClean = await stopAll(screen, stops);
  if (isClean) screen.say('Stopped; nothing is left behind.');
  return isClean ? code : 1;
}

process.exit(await main());
