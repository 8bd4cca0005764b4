import type { KubeObject } from '../../src/model/kube-object.ts';

interface ResourceName {
  readonly name?: string;
  readonly namespace: string;
}

/** A GitRepository on branch main that is polled rarely: what happens in a test is what the test causes. */
export function makeGitRepository(
  { name = 'app', namespace }: ResourceName,
  spec: { readonly url: string; readonly [field: string]: unknown },
): KubeObject {
  return {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name, namespace },
    spec: { interval: '1h', ref: { branch: 'main' }, ...spec },
  };
}

/** A Kustomization of the source `app`, into its own namespace, synced rarely and tried again soon. */
export function makeKustomization(
  { name = 'app', namespace }: ResourceName,
  spec: Readonly<Record<string, unknown>> = {},
): KubeObject {
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name, namespace },
    spec: {
      interval: '1h',
      retryInterval: '1s',
      path: './',
      prune: true,
      targetNamespace: namespace,
      sourceRef: { kind: 'GitRepository', name: 'app' },
      ...spec,
    },
  };
}

/** A Deployment's manifest, as YAML. */
export function makeDeployment(name: string, image: string, replicas = 2): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  labels:
    app: ${name}
spec:
  replicas: ${replicas}
  selector:
    matchLabels:
      app: ${name}
  template:
    metadata:
      labels:
        app: ${name}
    spec:
      containers:
      - name: ${name}
        image: ${image}
`;
}

/** A ConfigMap's manifest, as YAML. */
export function makeConfigMap(name: string, data: Readonly<Record<string, string>>): string {
  const lines = Object.entries(data).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`);
  return ['apiVersion: v1', 'kind: ConfigMap', 'metadata:', `  name: ${name}`, 'data:', ...lines, ''].join('\n');
}
