import { type KubeObject, refOf } from '../../src/model/kube-object.ts';
import type { Story } from './use-story.ts';

/** What a Role allows. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const RBAC = 'rbac.authorization.k8s.io';

/** Everything that deploying, correcting and pruning objects of a resource takes, but for the verbs left out. */
export function mayDeploy(resource: string, without: readonly string[] = []): Rule {
  const [plural = '', ...group] = resource.split('.');
  const verbs = ['get', 'create', 'patch', 'delete'].filter((verb) => !without.includes(verb));
  return { apiGroups: [group.join('.')], resources: [plural], verbs };
}

/** A service account with a Role of its own in its own namespace, all of one name. */
export function makeAccount({ namespace }: Pick<Story, 'namespace'>, name: string, rules: readonly Rule[]) {
  return [makeServiceAccount({ namespace }, name), ...makeRights({ namespace }, name, rules)];
}

export function makeServiceAccount({ namespace }: Pick<Story, 'namespace'>, name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } };
}

/** A Role and its RoleBinding for the account of this name, or of another one. */
export function makeRights(
  { namespace }: Pick<Story, 'namespace'>,
  name: string,
  rules: readonly Rule[],
  account = name,
): KubeObject[] {
  const metadata = { name, namespace };
  return [
    { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata, rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'RoleBinding',
      metadata,
      subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
      roleRef: { apiGroup: RBAC, kind: 'Role', name },
    },
  ];
}

/** Replaces what an account's Role allows. */
export async function setRights(
  { client, namespace }: Pick<Story, 'client' | 'namespace'>,
  name: string,
  rules: readonly Rule[],
): Promise<void> {
  const [role] = makeRights({ namespace }, name, rules);
  if (role) await client.mergePatch(refOf(role), { rules });
}
