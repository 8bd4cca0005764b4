import { renderFailed } from './render-error.ts';
import type { Overlay } from './render-request.ts';
import { joinInside, type SnapshotPaths } from './snapshot-paths.ts';

/** What Flux takes for the address of a component elsewhere. */
const REMOTE = /^(?:git::|gh:|ssh:\/\/|https?:\/\/|git@|github\.com[:/])./i;

/**
 * The components of the spec that are built, as written. A missing one is left out only if the spec says so. Throws
 * RENDER_FAILED naming the entry.
 */
export async function findComponents(
  paths: SnapshotPaths,
  directory: string,
  { components = [], ignoreMissingComponents = false }: Pick<Overlay, 'components' | 'ignoreMissingComponents'>,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [index, component] of components.entries()) {
    const where = `spec.components[${index}]`;
    const node = await paths.resolve(toPath(directory, component, where));
    if (!node && ignoreMissingComponents) continue;
    if (!node) throw renderFailed(`${where}: there is no directory '${component}'`);
    if (node.kind !== 'directory') throw renderFailed(`${where}: '${component}' is a ${node.kind}, not a directory`);
    found.push(component);
  }
  return found;
}

function toPath(directory: string, component: string, where: string): string {
  if (REMOTE.test(component) || component.replace(/^file:\/\//i, '').startsWith('/')) {
    throw renderFailed(`${where}: component path '${component}' must be local and relative`);
  }
  const path = joinInside(directory, component);
  if (path === undefined) throw renderFailed(`${where}: component path '${component}' leads out of the source`);
  return path;
}
