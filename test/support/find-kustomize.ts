import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findControlPlaneTools } from './control-plane-tools.ts';

/** The kustomize program that tests run: from HAWSER_TEST_TOOLS_DIR, else built beside the control plane. */
export async function findKustomize(): Promise<string> {
  const path = join(process.env.HAWSER_TEST_TOOLS_DIR ?? (await findControlPlaneTools()), 'kustomize');
  if (existsSync(path)) return path;
  throw new Error(`${path} is missing: run test/control-plane/build.sh, or put kustomize v5.8.1 there`);
}
