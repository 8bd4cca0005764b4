import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const BUILD_SCRIPT = fileURLToPath(new URL('../control-plane/build-flux.sh', import.meta.url));

/** The flux program that tests run, built from its Go module where it is missing, which takes some minutes. */
export async function findFlux(): Promise<string> {
  const child = spawn('bash', [BUILD_SCRIPT], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [output, code] = await Promise.all([text(child.stdout), exit]);
  if (code !== 0) throw new Error('flux could not be built; the lines above say why');
  return output.trim();
}
