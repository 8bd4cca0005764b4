import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export const CONTROL_PLANE_BINARIES = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
] as const;
export type ControlPlaneBinary = (typeof CONTROL_PLANE_BINARIES)[number];

const BUILD_SCRIPT = fileURLToPath(new URL('../control-plane/build.sh', import.meta.url));

/** The folder of the control plane's binaries: KUBEBUILDER_ASSETS if set, else built once into the user's cache. */
export async function findControlPlaneTools(): Promise<string> {
  const given = process.env.KUBEBUILDER_ASSETS;
  if (!given) return build();
  const missing = CONTROL_PLANE_BINARIES.filter((name) => !existsSync(join(given, name)));
  if (missing.length === 0) return given;
  throw new Error(
    `KUBEBUILDER_ASSETS=${given} lacks ${missing.join(', ')}: add them, or unset the variable to have all of them built from Go modules`,
  );
}

async function build(): Promise<string> {
  const child = spawn('bash', [BUILD_SCRIPT], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [output, code] = await Promise.all([text(child.stdout), exit]);
  if (code !== 0) throw new Error('the control plane could not be built; the lines above say why');
  return output.trim();
}
