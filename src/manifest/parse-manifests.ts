import { HawserError } from '../errors/hawser-error.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { findEmptyItem } from './find-empty-item.ts';
import { findIdentityProblem } from './find-identity-problem.ts';
import { findTextProblem } from './find-text-problem.ts';
import { parseYaml, type YamlDocument } from './parse-yaml.ts';
import { isPlainObject, type PlainObject } from './plain-object.ts';

/*
 * manifest turns YAML into Kubernetes objects exactly as kustomize reads it, checks that each has an identity, brings
 * objects into the shape that Flux sends, and knows their order. Which files are read, and what is added to the
 * objects, is render's; whether the API server accepts them, apply's.
 */

/** An object, and where it was written: what an error about it must name. */
export interface LocatedObject {
  readonly object: KubeObject;
  readonly file: string;
  /** Counted from 1 within the file. */
  readonly document: number;
}

/** Deeper than anyone nests lists on purpose. */
const DEEPEST_LIST = 20;

/**
 * Reads the Kubernetes objects of a YAML or JSON stream; lists are flattened, empty documents left out. Throws
 * MANIFEST_INVALID naming file, document and what is wrong.
 */
export function parseManifests(text: string, options: { file: string }): KubeObject[] {
  return parseLocatedManifests(text, options).map((located) => located.object);
}

/** As `parseManifests`, telling where each object stands. */
export function parseLocatedManifests(text: string, { file }: { file: string }): LocatedObject[] {
  const located: LocatedObject[] = [];
  for (const document of parseYaml(text, { file })) {
    for (const candidate of flatten(document, file)) {
      located.push({
        object: toKubeObject(candidate, { file, document: document.number }),
        file,
        document: document.number,
      });
    }
  }
  return located;
}

/** A value, and the same place with every scalar as written. */
interface Candidate {
  readonly value: unknown;
  readonly raw: () => unknown;
}

/** Lists of any kind (`List`, `ConfigMapList`) become their items, as in kustomize. */
function flatten(document: YamlDocument, file: string): Candidate[] {
  const found: Candidate[] = [];

  function visit(candidate: Candidate, depth: number): void {
    const { value } = candidate;
    if (isPlainObject(value) && Object.keys(value).length === 0) return;
    if (!isList(value)) {
      found.push(candidate);
      return;
    }
    if (depth > DEEPEST_LIST) throw invalid({ file, document: document.number }, 'lists are nested too deeply');
    const items = value.items ?? [];
    if (!Array.isArray(items)) throw invalid({ file, document: document.number }, 'items must be a list');
    for (const [index, item] of items.entries()) {
      visit({ value: item, raw: () => childOf(childOf(candidate.raw(), 'items'), index) }, depth + 1);
    }
  }

  visit({ value: document.value, raw: document.rawValue }, 0);
  return found;
}

function isList(value: unknown): value is PlainObject {
  if (!isPlainObject(value) || typeof value.kind !== 'string') return false;
  return value.kind === 'List' || (value.kind.endsWith('List') && 'items' in value);
}

function toKubeObject({ value, raw }: Candidate, where: { file: string; document: number }): KubeObject {
  const problem = findIdentityProblem(value);
  if (problem !== undefined) throw invalid(where, problem);
  const object = withTextAnnotations(value as KubeObject, raw);
  const contentProblem = findContentProblem(object);
  if (contentProblem !== undefined) throw invalid(where, `${object.kind}/${object.metadata.name}: ${contentProblem}`);
  return object;
}

function findContentProblem(object: KubeObject): string | undefined {
  const emptyItem = findEmptyItem(object);
  return emptyItem === undefined ? findTextProblem(object) : `${emptyItem} is empty: fill it in or remove it`;
}

const LOOKS_LIKE_TIMESTAMP = /^\d{4}-\d\d-\d\dT/;

/** kustomize writes an annotation as the text that stands in the file: `port: 9090` is "9090", `on: 0644` is "0644". */
function withTextAnnotations(object: KubeObject, raw: () => unknown): KubeObject {
  const { annotations, ...metadata } = object.metadata as PlainObject;
  if (annotations === undefined) return object;
  if (!isPlainObject(annotations) || Object.keys(annotations).length === 0) return withMetadata(object, metadata);
  const isText = Object.values(annotations).every(
    (item) => typeof item === 'string' && !LOOKS_LIKE_TIMESTAMP.test(item),
  );
  return isText ? object : withMetadata(object, { ...metadata, annotations: toTexts(raw()) });
}

function toTexts(rawObject: unknown): unknown {
  const annotations = childOf(childOf(rawObject, 'metadata'), 'annotations');
  if (!isPlainObject(annotations)) return annotations;
  return Object.fromEntries(Object.entries(annotations).map(([key, text]) => [key, text ?? '']));
}

function withMetadata(object: KubeObject, metadata: PlainObject): KubeObject {
  return { ...object, metadata: metadata as KubeObject['metadata'] };
}

function childOf(value: unknown, key: string | number): unknown {
  return value === null || typeof value !== 'object' ? undefined : (value as Record<string | number, unknown>)[key];
}

function invalid(where: { file: string; document: number }, what: string): HawserError {
  return new HawserError('MANIFEST_INVALID', `${where.file}, document ${where.document}: ${what}`);
}
