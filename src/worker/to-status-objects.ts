import type { StatusObject } from '../commit-status/match-alerts.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { KubeObject } from '../model/kube-object.ts';
import type { CommitStatusRequest } from '../queue/commit-status-request.ts';
import type { Resources } from '../sync/resources.ts';

/** What a status speaks about, by its context: one Kustomization, or of a summary the source and all that it feeds. */
export function toStatusObjects(
  resources: Pick<Resources, 'kustomization' | 'kustomizationsOf'>,
  { context, source: { namespace, name } }: CommitStatusRequest,
  source: GitRepository,
): readonly StatusObject[] {
  const [, ofNamespace = '', ofName = ''] = context.split('/');
  if (ofNamespace === namespace && ofName === name) {
    const fed = resources.kustomizationsOf({ namespace, name });
    return [toObject('GitRepository', source), ...fed.map((each) => toObject('Kustomization', each))];
  }
  const kustomization = resources.kustomization({ namespace: ofNamespace, name: ofName });
  if (kustomization) return [toObject('Kustomization', kustomization)];
  return [{ kind: 'Kustomization', namespace: ofNamespace, name: ofName }];
}

function toObject(kind: StatusObject['kind'], object: KubeObject): StatusObject {
  return { kind, namespace: object.metadata.namespace ?? '', name: object.metadata.name, object };
}
