import { readFile } from 'node:fs/promises';
import { dump } from 'js-yaml';
import { toCustomResourceDefinitions } from '../src/model/custom-resource-definitions.ts';
import type { GeneratedFile } from './generated-file.ts';

/** The chart's CRDs, one file each, from the schemas in src/model. */
export async function generateCrds(): Promise<GeneratedFile[]> {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  return toCustomResourceDefinitions(`v${version}`).map((definition) => ({
    path: `helm/crds/${definition.metadata.name}.yaml`,
    content: `# Generated from src/model by 'npm run generate'. Do not edit.\n${dump(definition, { noRefs: true, lineWidth: 120 })}`,
  }));
}
