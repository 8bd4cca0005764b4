import { messageOf } from '../errors/hawser-error.ts';
import { parseYaml } from '../manifest/parse-yaml.ts';
import { type Fields, isFields } from './fields.ts';
import { renderFailed } from './render-error.ts';
import type { Overlay } from './render-request.ts';

const OPERATIONS: readonly unknown[] = ['add', 'copy', 'move', 'remove', 'replace', 'test'];

/** Throws RENDER_FAILED, naming the field of the spec, for what kustomize would refuse without saying where it stands. */
export function checkOverlay(overlay: Overlay): void {
  for (const [index, { patch, target }] of (overlay.patches ?? []).entries()) {
    check(`spec.patches[${index}]`, findPatchProblem(patch, target !== undefined));
  }
  for (const [index, patch] of (overlay.patchesStrategicMerge ?? []).entries()) {
    check(`spec.patchesStrategicMerge[${index}]`, findMergeProblem([patch]));
  }
  for (const [index, { patch }] of (overlay.patchesJson6902 ?? []).entries()) {
    check(`spec.patchesJson6902[${index}]`, findOperationProblem(patch));
  }
  for (const [index, { name }] of (overlay.images ?? []).entries()) {
    check(`spec.images[${index}]`, findNameProblem(name));
  }
}

function check(where: string, problem: string | undefined): void {
  if (problem !== undefined) throw renderFailed(`${where}: ${problem}`);
}

function findPatchProblem(text: string, hasTarget: boolean): string | undefined {
  if (text === '') return 'patch is empty';
  const patches = readPatch(text);
  if (typeof patches === 'string') return patches;
  const [first] = patches;
  if (patches.length === 1 && Array.isArray(first)) {
    if (!hasTarget) return 'a JSON patch must have a target';
    return findOperationProblem(first);
  }
  if (patches.length > 1 && hasTarget) return 'several patches in one entry cannot have a target';
  return findMergeProblem(patches);
}

/** The documents of a patch, or what keeps it from being read. */
function readPatch(text: string): readonly unknown[] | string {
  try {
    // kustomize reads a text that starts like a JSON list as JSON only.
    if (text.trimStart().startsWith('[')) return [JSON.parse(text)];
    return parseYaml(text, { file: 'patch' }).map(({ value }) => value);
  } catch (error) {
    return error instanceof SyntaxError
      ? 'the patch starts as a JSON list and is no JSON: write JSON, or a YAML list with one dash for each operation'
      : messageOf(error);
  }
}

function findOperationProblem(operations: readonly unknown[]): string | undefined {
  for (const [index, operation] of operations.entries()) {
    if (!isFields(operation)) return `operation ${index + 1} must be a map with op and path`;
    if (!OPERATIONS.includes(operation.op)) return `operation ${index + 1}: op must be one of ${OPERATIONS.join(', ')}`;
    if (typeof operation.path !== 'string') return `operation ${index + 1}: path must be a JSON pointer`;
  }
  return undefined;
}

function findMergeProblem(patches: readonly unknown[]): string | undefined {
  for (const patch of patches) {
    if (!isFields(patch)) {
      return 'a patch is a map with apiVersion, kind and metadata.name, or a list of JSON patch operations';
    }
    const { kind } = patch;
    if (typeof kind !== 'string' || kind === '') return 'kind is missing; a strategic merge patch must have it';
    if (!kind.endsWith('List') && !hasName(patch)) {
      return 'metadata.name is missing; a strategic merge patch must have it, even one with a target';
    }
  }
  return undefined;
}

function hasName({ metadata }: Fields): boolean {
  return isFields(metadata) && typeof metadata.name === 'string' && metadata.name !== '';
}

/** kustomize reads an image's name as a regular expression, and crashes if it is none. */
function findNameProblem(name: string): string | undefined {
  try {
    new RegExp(name);
    return name === '' ? 'name is empty' : undefined;
  } catch {
    return `name '${name}' is no image name`;
  }
}
