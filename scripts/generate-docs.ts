import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { listVariables } from '../src/config/list-variables.ts';
import { ERROR_CODES } from '../src/errors/codes.ts';
import { createMetrics } from '../src/telemetry/metrics.ts';
import { renderFieldTables } from './generate-field-tables.ts';
import type { GeneratedFile } from './generated-file.ts';
import { renderTable } from './render-table.ts';

const ROOT = new URL('../', import.meta.url);

const DISPOSITIONS = {
  retry: 'tries again, later each time',
  retryAt: 'tries again at a known time',
  stalled: 'waits until somebody changes something',
} as const;

/** The documents, or parts of them, that say what the code already says: error codes, variables, who imports whom. */
export async function generateDocs(): Promise<GeneratedFile[]> {
  return [
    { path: 'docs/errors.md', content: renderErrors() },
    await withSections('docs/configuration.md', { variables: renderVariables() }),
    await withSections('docs/architecture.md', { dependencies: await drawDependencies() }),
    await withSections('docs/operations.md', { metrics: await renderMetrics() }),
    await withSections('docs/gitrepository.md', { ...renderFieldTables('GitRepository') }),
    await withSections('docs/kustomization.md', { ...renderFieldTables('Kustomization') }),
    await withSections('docs/receivers.md', { ...renderFieldTables('Receiver') }),
  ];
}

/** docs/errors.md, whole. */
export function renderErrors(): string {
  const rows = Object.entries(ERROR_CODES)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { reason, disposition, help }]) => [`\`${code}\``, reason, DISPOSITIONS[disposition], help]);
  return `# Errors

<!-- Generated from src/errors/codes.ts by 'npm run generate'. Do not edit. -->

Every error that Hawser raises has a code, which logs and push records show and which never changes its meaning. The
reason is what conditions and events carry; a single error may carry a more exact one. The third column tells what
Hawser does by itself.

${renderTable(['Code', 'Reason', 'Hawser', 'What happened, and what to do'], rows)}`;
}

/** The table of docs/configuration.md. */
export function renderVariables(): string {
  const rows = listVariables().map(({ name, description, default: value, secret }) => [
    `\`${name}\``,
    value === undefined ? '' : `\`${value}\``,
    secret ? `${description} Or \`${name}_FILE\`, the path of a file that holds it.` : description,
  ]);
  return renderTable(['Variable', 'Default', 'Meaning'], rows);
}

/** The table of docs/operations.md. */
export async function renderMetrics(): Promise<string> {
  const rows: string[][] = [];
  const text = await createMetrics().render();
  for (const [, name, help] of text.matchAll(/^# HELP (hawser_\S+) (.*)$/gm)) {
    const type = new RegExp(`^# TYPE ${name} (\\S+)$`, 'm').exec(text)?.[1];
    rows.push([`\`${name}\``, type ?? '', help ?? '']);
  }
  return renderTable(['Metric', 'Type', 'Meaning'], rows);
}

/** One arrow for each module that imports another, as dependency-cruiser sees it. */
async function drawDependencies(): Promise<string> {
  const args = ['src', '--config', '.dependency-cruiser.mjs', '--include-only', '^src/', '--collapse', '^src/[^/]+'];
  const depcruise = fileURLToPath(new URL('node_modules/dependency-cruiser/bin/dependency-cruiser.mjs', ROOT));
  const { stdout } = await promisify(execFile)(process.execPath, [depcruise, ...args, '--output-type', 'json'], {
    cwd: fileURLToPath(ROOT),
    maxBuffer: 64 * 1024 * 1024,
  });
  const { modules } = JSON.parse(stdout) as { modules: { source: string; dependencies: { resolved: string }[] }[] };
  // The composition root, files of src itself, knows every module; that would hide who else does.
  const arrows = modules
    .filter(({ source }) => !source.endsWith('.ts'))
    .flatMap(({ source, dependencies }) =>
      dependencies.map(({ resolved }) => `  ${moduleName(source)} --> ${moduleName(resolved)}`),
    )
    .filter((arrow) => !arrow.endsWith('--> errors'));
  return `\`\`\`mermaid\nflowchart LR\n${[...new Set(arrows)].sort().join('\n')}\n\`\`\`\n`;
}

function moduleName(path: string): string {
  return path.replace(/^src\//, '');
}

/** A document of the repository with what stands between its markers replaced; throws where markers are missing. */
async function withSections(path: string, sections: Readonly<Record<string, string>>): Promise<GeneratedFile> {
  let content = await readFile(new URL(path, ROOT), 'utf8');
  for (const [name, text] of Object.entries(sections)) {
    const begin = `<!-- generated: ${name}, by 'npm run generate' -->\n`;
    const [from, to] = [content.indexOf(begin), content.indexOf(`<!-- end of generated: ${name} -->`)];
    if (from < 0 || to < from) throw new Error(`${path} lacks the markers of its generated part "${name}"`);
    content = `${content.slice(0, from + begin.length)}\n${text}\n${content.slice(to)}`;
  }
  return { path, content };
}
