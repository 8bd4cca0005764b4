import type { TestContext } from 'node:test';
import { ARTIFACT_KINDS, type ArtifactKind } from '../../src/model/artifact-source.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { eventually } from './eventually.ts';
import type { PublishedArtifact } from './start-artifact-server.ts';
import type { Story } from './use-story.ts';

/** Makes the cluster serve a kind of sources, by a definition that keeps any field, until the test ends. */
export async function serveArtifactKind(t: Pick<TestContext, 'after'>, story: Story, kind: ArtifactKind) {
  const { kubectl } = story;
  const name = definitionOf(kind);
  t.after(() => kubectl('delete', 'customresourcedefinition', name, '--ignore-not-found'));
  await story.create(makeDefinition(kind));
  // kubectl gives up at once on a definition that has no conditions yet.
  await eventually(() => kubectl('wait', '--for=condition=established', '--timeout=30s', `crd/${name}`));
}

/** Creates a source, which has published nothing yet. */
export function makeArtifactSource({ namespace }: Pick<Story, 'namespace'>, kind: ArtifactKind): KubeObject {
  return { apiVersion: 'source.toolkit.fluxcd.io/v1', kind, metadata: { name: 'app', namespace }, spec: {} };
}

/** Writes into a source's status what it has published, as its controller would. */
export async function announce(
  { kubectl }: Pick<Story, 'kubectl'>,
  kind: ArtifactKind,
  artifact: Partial<PublishedArtifact> & { readonly metadata?: Readonly<Record<string, string>> },
): Promise<void> {
  const patch = JSON.stringify({ status: { artifact } });
  await kubectl('patch', definitionOf(kind), 'app', '--subresource=status', '--type=merge', '-p', patch);
}

function resourceOf(kind: ArtifactKind) {
  const found = ARTIFACT_KINDS.find((candidate) => candidate.kind === kind);
  if (!found) throw new Error(`${kind} is no kind of source`);
  return found;
}

function definitionOf(kind: ArtifactKind): string {
  const { plural, group } = resourceOf(kind);
  return `${plural}.${group}`;
}

function makeDefinition(kind: ArtifactKind): KubeObject {
  const { group, version, plural } = resourceOf(kind);
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const names = { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: definitionOf(kind) },
    spec: {
      group,
      scope: 'Namespaced',
      names,
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: schema },
        },
      ],
    },
  };
}
