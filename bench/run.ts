/**
 * Measures a push, drift, and the acceptance of deliveries on real servers: `node bench/run.ts [rounds]`. Medians and ratios count; single figures of a shared
 * machine do not.
 */
import { cpus } from 'node:os';
import { accept } from './scenarios/accept.ts';
import { drift } from './scenarios/drift.ts';
import { pushOne } from './scenarios/push-one.ts';
import { setStage } from './stage.ts';
import { formatTable } from './statistics.ts';

const LEAST_ROUNDS = 9;
/** Above this ratio to the floor a profile has to say why. */
const WANTED_RATIO = 3;
const DELIVERIES_PER_CONNECTION = 100;

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

  console.error('accept …');
  const { count, perSecond, p50, p99 } = await accept(stage, DELIVERIES_PER_CONNECTION);
  console.log('\n## accept: 20 connections at once\n');
  console.log(
    `${count} deliveries, ${perSecond.toFixed(0)} a second: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
  );
} finally {
  await stage.stop();
}
