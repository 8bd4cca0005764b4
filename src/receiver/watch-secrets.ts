import type { KubeClient, Watch } from '../kube/kube-client.ts';
import type { KubeObject } from '../model/kube-object.ts';

/** Helm keeps a Secret for every release that ever was; none of them is a token. */
const NOT_OF_HELM = 'type!=helm.sh/release.v1';

/** Tells of each Secret that changes or comes, by its metadata: what is in it is read only where it is needed. */
export function watchSecrets(
  client: Pick<KubeClient, 'watch'>,
  namespace: string | undefined,
  onChange: (secret: KubeObject) => void,
): Watch {
  return client.watch(
    { group: '', version: 'v1', plural: 'secrets', namespace, fieldSelector: NOT_OF_HELM, metadataOnly: true },
    { onSnapshot: (items) => items.forEach(onChange), onEvent: (_type, secret) => onChange(secret) },
  );
}
