import type { KubeObject } from '../../src/model/kube-object.ts';
import { makeWidgetCrd } from './make-widget-crd.ts';
import type { Corpus } from './read-corpora.ts';

const GROUP = 'large.corpus.example';
/** More than the annotation of a client-side apply may hold, and a third of what etcd takes. */
const DEFINITION_BYTES = 512 * 1024;
const ANY = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** What is too large, or too odd, to be kept as a file: a definition beyond 256 KiB, Windows' line ends, no namespaces. */
export function makeLargeCorpus(): Corpus {
  const large = makeLargeDefinition();
  const globes = makeGlobes();
  const files = {
    'a-resources.yaml': toWindows([custom('Widget', { field17: 'a', other: [1, 2.5] }), custom('Globe', {})]),
    'b-definitions.yaml': [large, globes].map((object) => JSON.stringify(object)).join('\n---\n'),
    'c-notes.yaml': toWindows([
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'notes' }, data: { large: 'x'.repeat(300 * 1024) } },
    ]),
  };
  return { name: 'large', isForeign: false, files };
}

function makeLargeDefinition(): KubeObject {
  const description = 'What this field is for, at the length that generators write it. '.repeat(4);
  const count = Math.ceil(DEFINITION_BYTES / description.length);
  const fields = Array.from({ length: count }, (_, index) => [`field${index}`, { type: 'string', description }]);
  const spec = { ...ANY, properties: Object.fromEntries(fields) };
  return withSchema(makeWidgetCrd(GROUP), { type: 'object', properties: { spec } });
}

function makeGlobes(): KubeObject {
  const crd = withSchema(makeWidgetCrd(GROUP), ANY);
  const names = { plural: 'globes', singular: 'globe', kind: 'Globe', listKind: 'GlobeList' };
  return { ...crd, metadata: { name: `globes.${GROUP}` }, spec: { ...(crd.spec as object), scope: 'Cluster', names } };
}

function withSchema(crd: KubeObject, openAPIV3Schema: object): KubeObject {
  const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } };
  return { ...crd, spec: { ...(crd.spec as object), versions: [version] } };
}

function custom(kind: string, spec: object): KubeObject {
  return { apiVersion: `${GROUP}/v1`, kind, metadata: { name: 'one' }, spec };
}

/** A byte order mark and CRLF, as editors of Windows write them. */
function toWindows(objects: readonly KubeObject[]): string {
  return `\uFEFF${objects.map((object) => JSON.stringify(object, null, 2)).join('\n---\n')}\n`.replaceAll('\n', '\r\n');
}
