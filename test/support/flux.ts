import { execFile } from 'node:child_process';
import { findFlux } from './find-flux.ts';

/** How a run of flux ended. */
export interface FluxResult {
  readonly code: number;
  /** What it answers: tables and manifests. */
  readonly stdout: string;
  /** What it says on its way: `►` begun, `◎` waiting, `✔` done, `✗` failed. */
  readonly stderr: string;
}

/** Runs flux against a cluster as a user would; a failure is a result, since tests look at it. */
export type Flux = (...args: string[]) => Promise<FluxResult>;

/** Finds flux, or builds it, and points it at a namespace of a cluster. */
export async function createFlux(kubeconfig: string, namespace: string): Promise<Flux> {
  const program = await findFlux();
  const options = { env: { KUBECONFIG: kubeconfig, HOME: '/nonexistent' }, maxBuffer: 64 * 1024 * 1024 };
  return (...args) =>
    new Promise((resolve, reject) => {
      execFile(program, ['--namespace', namespace, ...args], options, (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        if (typeof code !== 'number') return reject(error);
        resolve({ code, stdout: stdout.trimEnd(), stderr: stderr.trimEnd() });
      });
    });
}
