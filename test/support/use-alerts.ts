import type { TestContext } from 'node:test';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { eventually } from './eventually.ts';
import type { Story } from './use-story.ts';

const GROUP = 'notification.toolkit.fluxcd.io';
const KINDS = [
  { kind: 'Alert', plural: 'alerts' },
  { kind: 'Provider', plural: 'providers' },
] as const;

/** Makes the cluster serve Alerts and Providers as Flux does (v1beta3), by definitions that keep any field, until the test ends. */
export async function serveAlerts(t: Pick<TestContext, 'after'>, { kubectl, create }: Story): Promise<void> {
  const names = KINDS.map(({ plural }) => `${plural}.${GROUP}`);
  t.after(() => kubectl('delete', 'customresourcedefinition', ...names, '--ignore-not-found'));
  await create(...KINDS.map(makeDefinition));
  const crds = names.map((name) => `crd/${name}`);
  // kubectl gives up at once on a definition that has no conditions yet.
  await eventually(() => kubectl('wait', '--for=condition=established', '--timeout=30s', ...crds));
}

function makeDefinition({ kind, plural }: (typeof KINDS)[number]): KubeObject {
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const version = { name: 'v1beta3', served: true, storage: true, schema: { openAPIV3Schema: schema } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: [version],
    },
  };
}

/** A Provider of type gitea with its token, and the Alert by which all Kustomizations of the namespace use it. */
export function makeAlerts(
  { namespace }: Pick<Story, 'namespace'>,
  { address, token, ...more }: { address: string; token: string; commitStatusExpr?: string },
): KubeObject[] {
  const metadata = { name: 'git', namespace };
  const apiVersion = `${GROUP}/v1beta3`;
  const eventSources = [{ kind: 'Kustomization', name: '*' }];
  return [
    { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { token } },
    { apiVersion, kind: 'Provider', metadata, spec: { type: 'gitea', address, secretRef: { name: 'git' }, ...more } },
    {
      apiVersion,
      kind: 'Alert',
      metadata,
      spec: { providerRef: { name: 'git' }, eventSeverity: 'info', eventSources },
    },
  ];
}
