import type { LocatedObject } from '../manifest/parse-manifests.ts';
import { parseYaml } from '../manifest/parse-yaml.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { type Fields, isFields } from './fields.ts';
import type { Overlay } from './render-request.ts';

type Image = NonNullable<Overlay['images']>[number];

/** Names that Go and JavaScript read as the same regular expression. */
const PLAIN_NAME = /^[a-zA-Z0-9._/:@-]+$/;
const CONTAINER_FIELDS: ReadonlySet<string> = new Set(['containers', 'initContainers']);

/** Thrown where kustomize might do something else, or fail: it is asked then. */
class Unsure extends Error {}

/**
 * Replaces images exactly as kustomize's image transformer does: in every list `containers` or `initContainers` at any
 * depth, and in image volumes of pods and pod templates. Undefined where kustomize must be asked. Pure.
 */
export function replaceImages(
  built: readonly LocatedObject[],
  images: readonly Image[],
): readonly LocatedObject[] | undefined {
  if (!images.every(({ name }) => PLAIN_NAME.test(name))) return undefined;
  const replacers = images.map(createReplacer);
  const replace = (text: string): string => replacers.reduce((value, replacer) => replacer(value), text);
  try {
    return built.map((located) => {
      const object = replaceIn(located.object, replace);
      return object === located.object ? located : { ...located, object };
    });
  } catch (error) {
    if (error instanceof Unsure) return undefined;
    throw error;
  }
}

function replaceIn(object: KubeObject, replace: (image: string) => string): KubeObject {
  if (object.kind === 'CustomResourceDefinition') return object;
  const replaced = replaceContainers(object, replace) as KubeObject;
  const inPod = updateField(replaced, ['spec'], (spec) => replaceVolumes(spec, replace));
  return updateField(inPod, ['spec', 'template', 'spec'], (spec) => replaceVolumes(spec, replace)) as KubeObject;
}

/** The same value if nothing is replaced in it. */
function replaceContainers(value: unknown, replace: (image: string) => string): unknown {
  if (Array.isArray(value)) return mapSame(value, (item) => replaceContainers(item, replace));
  if (!isFields(value)) return value;
  let result: Fields = value;
  for (const [name, field] of Object.entries(value)) {
    const inner = replaceContainers(field, replace);
    const replaced = CONTAINER_FIELDS.has(name) ? replaceEach(inner, 'image', replace) : inner;
    if (replaced !== field) result = { ...result, [name]: replaced };
  }
  return result;
}

function replaceEach(containers: unknown, field: string, replace: (image: string) => string): unknown {
  if (!Array.isArray(containers)) throw new Unsure();
  return mapSame(containers, (container) => {
    if (!isFields(container)) throw new Unsure();
    const image = container[field];
    if (image === undefined) return container;
    if (typeof image !== 'string') throw new Unsure();
    const replaced = replace(image);
    return replaced === image ? container : { ...container, [field]: replaced };
  });
}

function replaceVolumes(spec: Fields, replace: (image: string) => string): Fields {
  const { volumes } = spec;
  if (volumes === undefined) return spec;
  if (!Array.isArray(volumes)) throw new Unsure();
  const replaced = mapSame(volumes, (volume) => {
    if (!isFields(volume)) throw new Unsure();
    if (volume.image === undefined) return volume;
    const [image] = replaceEach([volume.image], 'reference', replace) as readonly unknown[];
    return image === volume.image ? volume : { ...volume, image };
  });
  return replaced === volumes ? spec : { ...spec, volumes: replaced };
}

function updateField(fields: Fields, path: readonly string[], change: (value: Fields) => Fields): Fields {
  const [name, ...rest] = path;
  if (name === undefined) return change(fields);
  const value = fields[name];
  if (value === undefined) return fields;
  if (!isFields(value)) return fields;
  const changed = updateField(value, rest, change);
  return changed === value ? fields : { ...fields, [name]: changed };
}

function mapSame(list: readonly unknown[], change: (item: unknown) => unknown): readonly unknown[] {
  const changed = list.map(change);
  return changed.every((item, index) => item === list[index]) ? list : changed;
}

function createReplacer(image: Image): (text: string) => string {
  const pattern = new RegExp(`^${image.name}(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$`);
  return (text) => {
    if (!pattern.test(text)) return text;
    const parts = splitImage(text);
    const version = image.newTag || image.digest ? { tag: image.newTag, digest: image.digest } : parts;
    const tag = version.tag ? `:${version.tag}` : '';
    const digest = version.digest ? `@${version.digest}` : '';
    return requireText(`${image.newName || parts.name}${tag}${digest}`);
  };
}

/** A colon before the first slash belongs to a port, not to a tag. */
function splitImage(text: string): { name: string; tag: string; digest: string } {
  const slash = Math.max(text.indexOf('/'), 0);
  const at = text.indexOf('@', slash);
  const colon = text.indexOf(':', slash);
  if (at >= 0 && (at < colon || colon < 0)) return { name: text.slice(0, at), tag: '', digest: text.slice(at + 1) };
  if (colon < 0) return { name: text, tag: '', digest: '' };
  if (at < 0) return { name: text.slice(0, colon), tag: text.slice(colon + 1), digest: '' };
  return { name: text.slice(0, colon), tag: text.slice(colon + 1, at), digest: text.slice(at + 1) };
}

/** kustomize writes an image without quotes: `123` is a number then. */
function requireText(image: string): string {
  const read = /[/:]/.test(image) && /^[a-zA-Z][\w./:@-]*$/.test(image) ? image : readScalar(image);
  if (read !== image) throw new Unsure();
  return image;
}

function readScalar(text: string): unknown {
  try {
    return parseYaml(text, { file: 'image' })[0]?.value;
  } catch {
    return undefined;
  }
}
