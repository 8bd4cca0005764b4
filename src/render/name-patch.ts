import { HawserError } from '../errors/hawser-error.ts';
import { parseYaml } from '../manifest/parse-yaml.ts';
import { isFields } from './fields.ts';
import type { Overlay } from './render-request.ts';

const UNMATCHED = /no resource matches strategic merge patch "([^".]+)\.[^"/]*\/([^"]+)\.[^".]+"/;
const OPERATION = /(?:path: ["']?|testing value )(\/[^\s"':]*)/;
const PREFIX = 'kustomize build failed: ';

interface Patch {
  readonly where: string;
  readonly values: readonly unknown[];
}

/**
 * The error of a failed build with the one patch of the spec put before its message that the message can only mean:
 * kustomize names an object or a JSON pointer, never the patch. Any other error as it is.
 */
export function namePatch(error: unknown, overlay: Overlay): unknown {
  if (!(error instanceof HawserError) || error.code !== 'RENDER_FAILED') return error;
  const meant = findMeant(error.message, overlay);
  const [only, ...others] = meant;
  if (!only || others.length > 0) return error;
  const message = `${PREFIX}${only.where}: ${error.message.slice(PREFIX.length)}`;
  return new HawserError('RENDER_FAILED', message, { cause: error });
}

function findMeant(message: string, overlay: Overlay): readonly Patch[] {
  const [, kind, name] = UNMATCHED.exec(message) ?? [];
  if (kind !== undefined)
    return patchesOf(overlay).filter(({ values }) => values.some((value) => names(value, kind, name)));
  const [, pointer] = OPERATION.exec(message) ?? [];
  if (pointer === undefined) return [];
  return patchesOf(overlay).filter(({ values }) =>
    values.flat().some((value) => isFields(value) && value.path === pointer),
  );
}

function names(value: unknown, kind: string, name: string | undefined): boolean {
  return isFields(value) && value.kind === kind && isFields(value.metadata) && value.metadata.name === name;
}

function patchesOf(overlay: Overlay): readonly Patch[] {
  return [
    ...(overlay.patches ?? []).map(({ patch }, index) => ({
      where: `spec.patches[${index}]`,
      values: parseYaml(patch, { file: 'the patch' }).map(({ value }) => value),
    })),
    ...(overlay.patchesStrategicMerge ?? []).map((patch, index) => ({
      where: `spec.patchesStrategicMerge[${index}]`,
      values: [patch],
    })),
    ...(overlay.patchesJson6902 ?? []).map(({ patch }, index) => ({
      where: `spec.patchesJson6902[${index}]`,
      values: [patch],
    })),
  ];
}
