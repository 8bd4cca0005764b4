import { readFileSync } from 'node:fs';
import type { KubeObject } from '../../src/model/kube-object.ts';

interface Access {
  /** URL of the API server. */
  readonly server: string;
  /** PEM. */
  readonly ca: string;
  /** How the user proves who it is, in a kubeconfig's words. */
  readonly user: Readonly<Record<string, unknown>>;
}

/** A kubeconfig that holds all it needs, as a tenant would put it into a Secret. */
export function makeKubeconfig({ server, ca, user }: Access): string {
  const cluster = { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'remote', cluster }],
    users: [{ name: 'remote', user }],
    contexts: [{ name: 'remote', context: { cluster: 'remote', user: 'remote' } }],
    'current-context': 'remote',
  });
}

/** A Secret whose values are these texts. */
export function makeSecret(namespace: string, name: string, stringData: Readonly<Record<string, string>>): KubeObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData };
}

/** Address and authority of the cluster that a kubeconfig file names. */
export function readClusterAddress(file: string): { server: string; ca: string } {
  const config = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
  };
  const { server = '', 'certificate-authority-data': ca = '' } = config.clusters[0]?.cluster ?? {};
  return { server, ca: Buffer.from(ca, 'base64').toString('utf8') };
}
