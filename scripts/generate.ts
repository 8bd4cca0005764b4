/**
 * Writes every generated file of the repository; with `--check` it writes nothing and fails if one is out of date.
 * A generator returns whole files. Add one to the list to have its files written and checked; the order is kept,
 * because a later one may read what an earlier one wrote.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateCrds } from './generate-crds.ts';
import { generateDocs } from './generate-docs.ts';
import { generateEnvExample } from './generate-env-example.ts';
import { generateInstall } from './generate-install.ts';
import type { GeneratedFile } from './generated-file.ts';

const GENERATORS: readonly (() => Promise<GeneratedFile[]>)[] = [
  generateCrds,
  generateInstall,
  generateEnvExample,
  generateDocs,
];

const root = new URL('../', import.meta.url);
const checkOnly = process.argv.includes('--check');

async function readIfThere(url: URL): Promise<string | undefined> {
  try {
    return await readFile(url, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function write(url: URL, content: string): Promise<void> {
  await mkdir(dirname(fileURLToPath(url)), { recursive: true });
  await writeFile(url, content);
}

const outdated: string[] = [];
for (const generate of GENERATORS) {
  for (const { path, content } of await generate()) {
    const url = new URL(path, root);
    if ((await readIfThere(url)) === content) continue;
    outdated.push(path);
    if (!checkOnly) await write(url, content);
  }
}

if (checkOnly && outdated.length > 0) {
  console.error(`Out of date: ${outdated.join(', ')}. Run 'npm run generate' and commit the result.`);
  process.exitCode = 1;
} else {
  console.log(outdated.length === 0 ? 'Generated files are up to date.' : `Wrote ${outdated.join(', ')}.`);
}
