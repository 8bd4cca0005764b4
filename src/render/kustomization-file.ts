import { parseYaml } from '../manifest/parse-yaml.ts';
import { type Fields, isFields } from './fields.ts';
import { renderFailed } from './render-error.ts';

/** The names under which kustomize looks for its file, in this order. */
export const KUSTOMIZATION_NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'] as const;

/** Every field of a kustomization file that kustomize 5.8 knows. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  'apiVersion',
  'kind',
  'metadata',
  'openapi',
  'namePrefix',
  'nameSuffix',
  'namespace',
  'commonLabels',
  'labels',
  'commonAnnotations',
  'patchesStrategicMerge',
  'patchesJson6902',
  'patches',
  'images',
  'imageTags',
  'replacements',
  'replicas',
  'vars',
  'sortOptions',
  'resources',
  'components',
  'crds',
  'bases',
  'configMapGenerator',
  'secretGenerator',
  'helmGlobals',
  'helmCharts',
  'helmChartInflationGenerator',
  'generatorOptions',
  'configurations',
  'generators',
  'transformers',
  'validators',
  'buildMetadata',
]);

/** Reads the one document of a kustomization file; an empty file has no fields. Throws RENDER_FAILED. */
export function parseKustomization(text: string, file: string): Fields {
  const [first, second] = parseYaml(text, { file });
  if (second) throw renderFailed(`${file}: a kustomization file holds one document, this one holds more`);
  if (!first) return {};
  if (!isFields(first.value)) throw renderFailed(`${file}: a kustomization file must be a map of fields`);
  return first.value;
}

/** The fields without those that kustomize does not know, whose names are returned beside them. */
export function splitUnknownFields(fields: Fields): { readonly known: Fields; readonly unknown: readonly string[] } {
  const unknown = Object.keys(fields).filter((name) => !KNOWN_FIELDS.has(name));
  const known = Object.fromEntries(Object.entries(fields).filter(([name]) => KNOWN_FIELDS.has(name)));
  return { known, unknown };
}
