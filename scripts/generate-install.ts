import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { GeneratedFile } from './generated-file.ts';
import { digestChart, ensureHelm, findStaleness, renderInstall } from './render-install.ts';

const PATH = 'deploy/install.yaml';

/** The chart, rendered for `kubectl apply`; helm is only needed where the chart has changed. */
export async function generateInstall(): Promise<GeneratedFile[]> {
  const chart = fileURLToPath(new URL('../helm', import.meta.url));
  const current = await readFile(new URL(`../${PATH}`, import.meta.url), { encoding: 'utf8', flag: 'a+' });
  const isStale = findStaleness(current, digestChart(chart)) !== undefined;
  return [{ path: PATH, content: isStale ? renderInstall(ensureHelm(), chart) : current }];
}
