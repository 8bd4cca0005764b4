import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs kubectl against a cluster as a user would and answers what it prints. */
export type Kubectl = (...args: string[]) => Promise<string>;

/** The CustomResourceDefinitions as they are shipped. */
export const CRD_DIR = join(import.meta.dirname, '../../helm/crds');

export function createKubectl(kubeconfig: string, namespace: string): Kubectl {
  return async (...args) => {
    const { stdout } = await run('kubectl', ['--kubeconfig', kubeconfig, '--namespace', namespace, ...args], {
      // Where kubectl was missing, it was built beside the control plane.
      env: { PATH: `${process.env.PATH ?? ''}:${process.env.HAWSER_TEST_TOOLS_DIR ?? ''}`, HOME: '/nonexistent' },
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout.trim();
  };
}
