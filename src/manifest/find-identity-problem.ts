import { isPlainObject } from './plain-object.ts';

/** What keeps a document from being a Kubernetes object that can be applied; undefined if nothing does. */
export function findIdentityProblem(value: unknown): string | undefined {
  if (!isPlainObject(value)) return 'is no Kubernetes object: a mapping with apiVersion, kind and metadata is expected';
  const problem = findNameProblem(value.apiVersion, 'apiVersion') ?? findNameProblem(value.kind, 'kind');
  if (problem !== undefined) return problem;
  const { metadata } = value;
  if (metadata === undefined || metadata === null) return `${value.kind} has no metadata`;
  if (!isPlainObject(metadata)) return `${value.kind}: metadata must be a mapping`;
  if (metadata.name === undefined && typeof metadata.generateName === 'string') {
    return `${value.kind} has generateName and no name: an object without a fixed name cannot be kept in step with Git; give it metadata.name`;
  }
  const nameProblem = findNameProblem(metadata.name, 'metadata.name') ?? findNamespaceProblem(metadata.namespace);
  return nameProblem === undefined ? undefined : `${value.kind}: ${nameProblem}`;
}

function findNameProblem(value: unknown, path: string): string | undefined {
  if (value === undefined || value === null || value === '') return `${path} is missing`;
  return typeof value === 'string' ? undefined : `${path} must be a string: quote it`;
}

function findNamespaceProblem(value: unknown): string | undefined {
  if (value === undefined || value === null || typeof value === 'string') return undefined;
  return 'metadata.namespace must be a string: quote it';
}
