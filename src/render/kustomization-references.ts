import { type Fields, isFields, listIn } from './fields.ts';
import { renderFailed } from './render-error.ts';

/** A path that a kustomization names, and what may stand there. */
export interface Reference {
  /** Where it is written, such as `deploy/kustomization.yaml: resources[2]`. */
  readonly where: string;
  readonly path: string;
  readonly wants: 'file' | 'directory' | 'either';
  /** Flux decrypts such a file before a build; its format is the one that this name ends in. */
  readonly decryptAs?: string;
}

/** A map of fields, and where it is written. */
interface Located {
  readonly where: string;
  readonly fields: Fields;
}

interface LocatedText {
  readonly where: string;
  readonly text: string;
}

const FILE_FIELDS = ['crds', 'configurations'] as const;
const PATCH_FIELDS = ['patchesJson6902', 'replacements'] as const;
/** Fields whose entries are plugins: inline YAML, or the path of a file that holds some. */
export const PLUGIN_FIELDS = ['generators', 'transformers', 'validators'] as const;
const HELM_FIELDS = ['helmCharts', 'helmChartInflationGenerator'] as const;

/** Keys that carry paths. kustomize reads keys in any case, so one in another case would name a file unseen. */
const PATH_KEYS: readonly string[] = ['path', 'paths', 'files', 'envs', 'env', 'replacements'];

/** Endings that tell SOPS the format of a file. */
const KNOWN_FORMAT = /\.(?:ya?ml|json|env|ini|dockerconfigjson)$/;

/** Built-in plugins that read no file beyond those found by `referencesOfPlugin`. */
const KNOWN_PLUGINS: ReadonlySet<string> = new Set([
  'AnnotationsTransformer',
  'ConfigMapGenerator',
  'HashTransformer',
  'IAMPolicyGenerator',
  'ImageTagTransformer',
  'LabelTransformer',
  'NamespaceTransformer',
  'PatchJson6902Transformer',
  'PatchStrategicMergeTransformer',
  'PatchTransformer',
  'PrefixSuffixTransformer',
  'PrefixTransformer',
  'ReplacementTransformer',
  'ReplicaCountTransformer',
  'SecretGenerator',
  'SuffixTransformer',
]);

/** Every file and directory that a kustomization names, plugins aside. Throws RENDER_FAILED for what is not built. */
export function referencesOf(fields: Fields, file: string): readonly Reference[] {
  const at = { where: `${file}: `, fields };
  for (const field of HELM_FIELDS) {
    if (listOf(at, field).length > 0) throw renderFailed(`${file}: ${field}: Helm charts are not built`);
  }
  return [
    ...textsOf(at, 'resources').map((item) => toReference(item, 'either')),
    ...textsOf(at, 'bases').map((item) => toReference(item, 'directory')),
    ...textsOf(at, 'components').map((item) => toReference(item, 'directory')),
    ...FILE_FIELDS.flatMap((field) => textsOf(at, field).map(toFile)),
    ...textsOf(at, 'patchesStrategicMerge').filter(isPath).map(toFile),
    ...PATCH_FIELDS.flatMap((field) => mapsOf(at, field).flatMap(pathsOf)),
    ...mapsOf(at, 'patches')
      .flatMap(pathsOf)
      .map((patch) => ({ ...patch, decryptAs: patch.path })),
    ...mapsOf(at, 'configMapGenerator').flatMap(sourcesOf),
    ...mapsOf(at, 'secretGenerator').flatMap(secretsOf),
    ...(isFields(fields.openapi) ? pathsOf({ where: `${at.where}openapi.`, fields: fields.openapi }) : []),
  ];
}

/** Whether an entry of a plugin field or of `patchesStrategicMerge` is YAML itself rather than the path of a file. */
export function isInlineYaml(entry: string): boolean {
  return entry.includes('\n') || /^\s*[{[]/.test(entry) || /:\s/.test(entry);
}

/** The files that a built-in plugin's configuration names. Throws RENDER_FAILED for any other plugin: none is run. */
export function referencesOfPlugin(config: unknown, where: string): readonly Reference[] {
  if (!isFields(config)) throw renderFailed(`${where}: a plugin's configuration must be a map of fields`);
  const { apiVersion, kind } = config;
  if (apiVersion !== 'builtin' || typeof kind !== 'string' || !KNOWN_PLUGINS.has(kind)) {
    throw renderFailed(`${where}: '${apiVersion}/${kind}' is not a built-in plugin; no other plugin is run`);
  }
  const at = { where: `${where}: `, fields: config };
  return [
    ...pathsOf(at),
    ...textsOf(at, 'paths').filter(isPath).map(toFile),
    ...sourcesOf(at),
    ...mapsOf(at, 'replacements').flatMap(pathsOf),
  ];
}

/** The strings of a list field; throws RENDER_FAILED if it is no list of strings. */
export function textsOf(at: Located, field: string): readonly LocatedText[] {
  return listOf(at, field).map((item, index) => {
    const where = `${at.where}${field}[${index}]`;
    if (typeof item !== 'string') throw renderFailed(`${where} must be a string`);
    return { where, text: item };
  });
}

function mapsOf(at: Located, field: string): readonly Located[] {
  return listOf(at, field).map((item, index) => {
    const where = `${at.where}${field}[${index}]`;
    if (!isFields(item)) throw renderFailed(`${where} must be a map of fields`);
    return { where: `${where}.`, fields: item };
  });
}

function listOf(at: Located, field: string): readonly unknown[] {
  return listIn(at.fields, field, at.where);
}

function pathsOf(at: Located): readonly Reference[] {
  requireExactKeys(at);
  return textOf(at, 'path').map(toFile);
}

function sourcesOf(at: Located): readonly Reference[] {
  requireExactKeys(at);
  const files = textsOf(at, 'files').map(({ where, text }) => ({ where, text: text.slice(text.indexOf('=') + 1) }));
  return [...files, ...textsOf(at, 'envs'), ...textOf(at, 'env')].map(toFile);
}

/** The format of a file is told by its key, if it has one; that of an env file by its name, else it is dotenv. */
function secretsOf(at: Located): readonly Reference[] {
  const files = textsOf(at, 'files').map(({ text }) => text.split('=', 1).join());
  const envs = textsOf(at, 'envs').map(({ text }) => (KNOWN_FORMAT.test(text) ? text : '.env'));
  const names = [...files, ...envs];
  return sourcesOf(at).map((source, index) => {
    const decryptAs = names[index];
    return decryptAs === undefined ? source : { ...source, decryptAs };
  });
}

function textOf(at: Located, field: string): readonly LocatedText[] {
  const value = at.fields[field];
  if (value === undefined || value === null || value === '') return [];
  if (typeof value !== 'string') throw renderFailed(`${at.where}${field} must be a string`);
  return [{ where: `${at.where}${field}`, text: value }];
}

function requireExactKeys(at: Located): void {
  for (const key of Object.keys(at.fields)) {
    const lower = key.toLowerCase();
    if (key !== lower && PATH_KEYS.includes(lower)) throw renderFailed(`${at.where}${key}: write '${lower}'`);
  }
}

function isPath(item: LocatedText): boolean {
  return !isInlineYaml(item.text);
}

function toFile(item: LocatedText): Reference {
  return toReference(item, 'file');
}

function toReference(item: LocatedText, wants: Reference['wants']): Reference {
  return { where: item.where, path: item.text, wants };
}
