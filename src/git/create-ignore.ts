import { createHash } from 'node:crypto';
import ignore, { type Ignore } from 'ignore';
import { HawserError } from '../errors/hawser-error.ts';
import type { Tree } from '../model/tree.ts';

/** Which files of a commit are no part of what is deployed. */
export interface IgnoreRules {
  /** Identifies the rules: equal for equal rules. */
  readonly id: string;
  /** Whether the file at this path (relative to the root, as it stands, without `.` and `..`) is left out. */
  ignores(path: string): boolean;
}

/** Patterns in the syntax of .gitignore, and the directory below which they hold. */
export interface IgnorePatterns {
  readonly directory: string;
  readonly patterns: string;
}

const IGNORE_FILE = '.sourceignore';
const MAX_DIRECTORIES = 100_000;
const MAX_DEPTH = 64;

/** Left out always; the lists are Flux's. */
const VCS_PATTERNS = ['.git/', '.gitignore', '.gitmodules', '.gitattributes'];

/** Left out unless the repository or the source has patterns of its own. */
const DEFAULT_PATTERNS = [
  ...['*.jpg', '*.jpeg', '*.gif', '*.png', '*.wmv', '*.flv', '*.tar.gz', '*.zip'],
  ...['.github/', '.circleci/', '.travis.yml', '.gitlab-ci.yml', 'appveyor.yml', '.drone.yml'],
  ...['cloudbuild.yaml', 'codeship-services.yml', 'codeship-steps.yml'],
  ...['**/.goreleaser.yml', '**/.sops.yaml', '**/.flux.yaml'],
];

/** What `.sourceignore` files say, by tree id: many Kustomizations ask about one commit. */
const remembered = new Map<string, readonly IgnorePatterns[]>();
const MAX_REMEMBERED = 100;

/** Reads a commit's `.sourceignore` files, at any depth, and adds the source's `spec.ignore`. */
export async function createIgnore(tree: Tree, specIgnore?: string): Promise<IgnoreRules> {
  const found = remembered.get(tree.id) ?? (await readIgnoreFiles(tree));
  return combineIgnore([...found, ...(specIgnore === undefined ? [] : [{ directory: '', patterns: specIgnore }])]);
}

async function readIgnoreFiles(tree: Tree): Promise<readonly IgnorePatterns[]> {
  const found: IgnorePatterns[] = [];
  await collectPatterns({ tree, found, budget: { directories: MAX_DIRECTORIES } }, '', 0);
  const [oldest] = remembered.keys();
  if (remembered.size >= MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
  remembered.set(tree.id, found);
  return found;
}

/** Combines patterns: later ones win over earlier ones, and any of them replace the defaults. */
export function combineIgnore(given: readonly IgnorePatterns[]): IgnoreRules {
  const custom = given.filter(({ patterns }) => hasPattern(patterns));
  const standard = custom.length > 0 ? VCS_PATTERNS : [...VCS_PATTERNS, ...DEFAULT_PATTERNS];
  const all = [{ directory: '', patterns: standard.join('\n') }, ...custom];
  const rules = all.map(({ directory, patterns }) => ({ directory, matcher: ignore().add(patterns) }));
  return {
    id: createHash('sha256').update(JSON.stringify(all)).digest('hex'),
    ignores: (path) => isIgnored(rules, path),
  };
}

interface Rule {
  readonly directory: string;
  readonly matcher: Ignore;
}

/** The last rule that says anything about the path decides. */
function isIgnored(rules: readonly Rule[], path: string): boolean {
  let ignored = false;
  for (const { directory, matcher } of rules) {
    const relative = relativeTo(directory, path);
    if (relative === undefined || !ignore.isPathValid(relative)) continue;
    const verdict = matcher.test(relative);
    if (verdict.ignored) ignored = true;
    else if (verdict.unignored) ignored = false;
  }
  return ignored;
}

function relativeTo(directory: string, path: string): string | undefined {
  if (directory === '') return path;
  return path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : undefined;
}

function hasPattern(patterns: string): boolean {
  return patterns.split(/\r?\n/).some((line) => line.trim() !== '' && !line.startsWith('#'));
}

interface Collection {
  readonly tree: Tree;
  readonly found: IgnorePatterns[];
  readonly budget: { directories: number };
}

async function collectPatterns(collection: Collection, directory: string, depth: number): Promise<void> {
  const { tree, found, budget } = collection;
  budget.directories--;
  if (budget.directories < 0 || depth > MAX_DEPTH) {
    throw new HawserError('GIT_LIMIT_EXCEEDED', `the repository has more than ${MAX_DIRECTORIES} directories`);
  }
  const entries = (await tree.list(directory)) ?? [];
  const pathOf = (name: string) => (directory === '' ? name : `${directory}/${name}`);
  if (entries.some(({ name, kind }) => name === IGNORE_FILE && kind === 'file')) {
    found.push({ directory, patterns: (await tree.read(pathOf(IGNORE_FILE))).toString('utf8') });
  }
  for (const { name, kind } of entries) {
    if (kind === 'directory') await collectPatterns(collection, pathOf(name), depth + 1);
  }
}
