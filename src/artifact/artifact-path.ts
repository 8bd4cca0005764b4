import { HawserError } from '../errors/hawser-error.ts';
import { isSha } from '../model/revision.ts';

/** Names one artifact: a source at a commit. */
export interface ArtifactName {
  readonly namespace: string;
  readonly name: string;
  readonly sha: string;
}

const NAMESPACE = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?';
const NAME = '[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?';
const SOURCE_PATH = new RegExp(`^gitrepository/${NAMESPACE}/${NAME}$`);
const ARTIFACT_PATH = new RegExp(`^gitrepository/${NAMESPACE}/${NAME}/[0-9a-f]{40}\\.tar\\.gz$`);

/** `gitrepository/<namespace>/<name>`: the folder of a source's artifacts. Throws ARTIFACT_PATH_INVALID. */
export function toSourcePath({ namespace, name }: Omit<ArtifactName, 'sha'>): string {
  const path = `gitrepository/${namespace}/${name}`;
  if (!SOURCE_PATH.test(path)) {
    throw new HawserError('ARTIFACT_PATH_INVALID', `'${namespace}/${name}' is not the name of a GitRepository`);
  }
  return path;
}

/** `gitrepository/<namespace>/<name>/<sha>.tar.gz`, as Flux lays artifacts out. Throws ARTIFACT_PATH_INVALID. */
export function toArtifactPath(artifact: ArtifactName): string {
  if (!isSha(artifact.sha)) throw new HawserError('ARTIFACT_PATH_INVALID', `'${artifact.sha}' is not a commit id`);
  return `${toSourcePath(artifact)}/${artifact.sha}.tar.gz`;
}

/** True only for what `toArtifactPath` can return: nothing else is ever opened, so no path leads elsewhere. */
export function isArtifactPath(path: string): boolean {
  return ARTIFACT_PATH.test(path);
}
