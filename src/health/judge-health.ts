import type { KubeObject } from '../model/kube-object.ts';
import type { CompiledHealthChecks } from './compile-health-checks.ts';
import { computeHealth } from './compute-health.ts';
import type { Health } from './health.ts';

/** Judges a live object by the expressions that are for it, otherwise by the built-in rules; undefined does not exist. */
export function judgeHealth(object: KubeObject | undefined, checks?: CompiledHealthChecks, now?: Date): Health {
  return (object && checks?.judge(object)) ?? computeHealth(object, now);
}
