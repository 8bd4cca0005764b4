import type { KubeClient } from './kube-client.ts';

/** Reads the data of a Secret, values in base64; undefined if there is no such Secret, or it holds nothing. */
export async function readSecretData(
  client: Pick<KubeClient, 'get'>,
  namespace: string,
  name: string,
): Promise<Record<string, string> | undefined> {
  const secret = await client.get({ group: '', version: 'v1', kind: 'Secret', namespace, name });
  return secret?.data as Record<string, string> | undefined;
}
