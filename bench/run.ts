/**
 * Measures a push, and drift, on real servers: `node bench/run.ts [rounds]`. Medians and ratios count; single figures of a shared
 * machine do not.
 */
import { cpus } from 'node:os';
import { drift } from './scenarios/drift.ts';
import { pushOne } from './scenarios/push-one.ts';
import { setStage } from './stage.ts';
import { formatTable } from './statistics.ts';

const LEAST_ROUNDS = 9;
/** Above this ratio to the floor a profile has to say why. */
const WANTED_RATIO = 3;

const rounds = Math.max(Number(process.argv[2] ?? 15) || LEAST_ROUNDS, LEAST_ROUNDS);
console.error('starting the servers …');
const stage = await setStage();
try {
  console.error(`push-one: ${rounds} rounds …`);
  const { rows, ratio } = await pushOne(stage, rounds);
  console.log(`## push-one: one source, one Kustomization of four objects, all changed, wait: true\n`);
  console.log(`${rounds} rounds on ${cpus().length} cores, milliseconds since the hook was sent\n`);
  console.log(formatTable(rows));
  console.log(`\nall applied / floor: ${ratio.toFixed(2)} (wanted: at most ${WANTED_RATIO})`);

  console.error(`drift: ${rounds} rounds …`);
  const drifted = await drift(stage, rounds);
  console.log(`\n## drift: a field of one ConfigMap, edited by somebody else\n`);
  console.log(`${rounds} rounds, milliseconds since the edit was answered\n`);
  console.log(formatTable(drifted.rows));
  console.log(`\nput back / floor: ${drifted.ratio.toFixed(2)}`);
} finally {
  await stage.stop();
}
