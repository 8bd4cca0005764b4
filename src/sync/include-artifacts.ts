import { HawserError } from '../errors/hawser-error.ts';
import { findPlain, type Mount, mountTrees, toPlainPath } from '../git/layer-trees.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { Artifact } from '../model/resource-schema.ts';
import type { Tree } from '../model/tree.ts';
import type { SyncDeps } from './deps.ts';
import type { Resources } from './resources.ts';

type Include = NonNullable<GitRepository['spec']['include']>[number];

const MOST_INCLUDES = 100;

/**
 * Puts the artifacts of other GitRepositories of the namespace, as they are now, into a tree. Throws INCLUDE_UNAVAILABLE,
 * INCLUDE_CIRCLE, INCLUDE_INVALID, and what reading an artifact throws.
 */
export async function includeArtifacts(
  deps: Pick<SyncDeps, 'resources' | 'artifactReader'>,
  { source, tree }: { source: GitRepository; tree: Tree },
  signal: AbortSignal,
): Promise<{ tree: Tree; included: readonly Artifact[] }> {
  const includes = source.spec.include ?? [];
  if (includes.length === 0) return { tree, included: [] };
  if (includes.length > MOST_INCLUDES) throw invalid(`spec.include has more than ${MOST_INCLUDES} entries`);
  refuseCircle(deps.resources, source);
  const included = includes.map((include) => findArtifact(deps.resources, source, include));
  const mounts: Mount[] = [];
  for (const [index, include] of includes.entries()) {
    const artifact = included[index];
    if (!artifact) continue;
    const content = await deps.artifactReader.open({ ...artifact, digest: artifact.digest ?? '' }, signal);
    mounts.push(await toMount(include, { content, onto: mountTrees(tree, mounts) }));
  }
  return { tree: mountTrees(tree, mounts), included };
}

function findArtifact(resources: Pick<Resources, 'gitRepository'>, source: GitRepository, include: Include): Artifact {
  const { name } = include.repository;
  const found = resources.gitRepository({ namespace: source.metadata.namespace ?? '', name });
  if (!found) {
    throw new HawserError(
      'INCLUDE_UNAVAILABLE',
      `could not get resource for include '${name}': GitRepository.source.toolkit.fluxcd.io "${name}" not found`,
      { reason: 'NotFound' },
    );
  }
  if (found.status?.artifact) return found.status.artifact;
  throw new HawserError('INCLUDE_UNAVAILABLE', `no artifact available for include '${name}'`);
}

async function toMount(include: Include, { content, onto }: { content: Tree; onto: Tree }): Promise<Mount> {
  const { name } = include.repository;
  const { fromPath = '', toPath = '' } = include;
  const target = toPath === '' ? name : toPath;
  const fail = (problem: string, reason?: string) =>
    invalid(`failed to copy '${name}' include from ${fromPath} to ${target}: ${problem}`, reason);
  const from = toPlainPath(fromPath);
  const path = toPlainPath(target);
  if (from === undefined || path === undefined) throw fail('a path leads out of the repository', 'IllegalPath');
  const source = from === '' ? { kind: 'directory', id: content.id } : await findPlain(content, from);
  if (source?.kind !== 'directory') throw fail('fromPath is no directory of the included artifact');
  const obstacle = await findObstacle(onto, path);
  if (obstacle !== undefined) throw fail(`'${obstacle || '.'}' is in the repository already`);
  return { path, tree: content, from, id: source.id };
}

/** What stands where something is to appear: at the path itself anything, on the way to it what is no directory. */
async function findObstacle(tree: Tree, path: string): Promise<string | undefined> {
  if (path === '') return path;
  const names = path.split('/');
  for (let length = 1; length < names.length; length++) {
    const parent = names.slice(0, length).join('/');
    const found = await findPlain(tree, parent);
    if (!found) return undefined;
    if (found.kind !== 'directory') return parent;
  }
  return (await findPlain(tree, path)) ? path : undefined;
}

/** Whoever includes itself, by whatever detour, would change for ever. */
function refuseCircle(resources: Pick<Resources, 'gitRepository'>, source: GitRepository): void {
  const { name, namespace = '' } = source.metadata;
  const circle = findCircle(
    name,
    (other) => (other === name ? source : resources.gitRepository({ namespace, name: other }))?.spec.include ?? [],
  );
  if (!circle) return;
  throw new HawserError(
    'INCLUDE_CIRCLE',
    `GitRepositories include each other in a circle: ${circle.join(' → ')}: remove one of these from spec.include`,
  );
}

/** The way by which a source includes itself, itself at both ends; undefined if it does not. Pure. */
export function findCircle(start: string, includesOf: (name: string) => readonly Include[]): string[] | undefined {
  const seen = new Set<string>();
  const ways = [[start]];
  for (let way = ways.pop(); way; way = ways.pop()) {
    for (const { repository } of includesOf(way.at(-1) ?? '')) {
      const next = [...way, repository.name];
      if (repository.name === start) return next;
      if (seen.has(repository.name)) continue;
      seen.add(repository.name);
      ways.push(next);
    }
  }
  return undefined;
}

function invalid(message: string, reason?: string): HawserError {
  return new HawserError('INCLUDE_INVALID', message, reason === undefined ? {} : { reason });
}
