import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findNamespaceHold, isAppliedByOtherGroup, type Neighbours } from '../../../src/apply/deletion-guards.ts';
import type { KubeObject, ObjectRef } from '../../../src/model/kube-object.ts';

const CORE = { group: '', version: 'v1' };
const TEAM: ObjectRef = { ...CORE, kind: 'Namespace', namespace: '', name: 'team' };
const EMPTY: Neighbours = { staying: [], survivors: [], kept: [] };
const inTeam = (name: string): ObjectRef => ({ ...CORE, kind: 'Secret', namespace: 'team', name });
const elsewhere = { ...inTeam('a'), namespace: 'other' };

const holds: readonly { name: string; ref?: ObjectRef; given?: Partial<Neighbours>; want: RegExp | undefined }[] = [
  { name: 'an empty namespace may go', want: undefined },
  { name: 'what is in another namespace does not matter', given: { staying: [elsewhere] }, want: undefined },
  {
    name: 'an object of the set holds it',
    given: { staying: [inTeam('a')] },
    want: /^true .*holds Secret\/team\/a: it/,
  },
  {
    name: 'so does one that could not be deleted',
    given: { survivors: [inTeam('a')] },
    want: /^true .*Secret\/team\/a/,
  },
  { name: 'one that is kept keeps it for good', given: { kept: [inTeam('a')] }, want: /^false .*which is to be kept/ },
  {
    name: 'only some of many are named',
    given: { staying: ['a', 'b', 'c', 'd', 'e'].map(inTeam) },
    want: /Secret\/team\/a, Secret\/team\/b, Secret\/team\/c and 2 more/,
  },
  { name: 'default is needed', ref: { ...TEAM, name: 'default' }, want: /^false .*every cluster needs it/ },
  { name: 'kube-system is needed', ref: { ...TEAM, name: 'kube-system' }, want: /every cluster needs it/ },
  { name: 'other kinds may have its name', ref: { ...TEAM, kind: 'Project', group: 'example.com' }, want: undefined },
];

describe('what holds a namespace', () => {
  for (const { name, ref = TEAM, given = {}, want } of holds) {
    test(name, () => {
      const hold = findNamespaceHold(ref, { ...EMPTY, ...given });

      if (want) assert.match(`${hold?.isPassing} ${hold?.why}`, want);
      else assert.equal(hold, undefined);
    });
  }
});

const INGRESS: ObjectRef = { group: 'extensions', version: 'v1beta1', kind: 'Ingress', namespace: 'team', name: 'web' };

const groups: readonly { name: string; apiVersion: string; manager?: string; want: boolean }[] = [
  { name: 'applied under its group since', apiVersion: 'networking.k8s.io/v1', want: true },
  { name: 'in another version of the same group', apiVersion: 'extensions/v1', want: false },
  { name: 'by somebody else', apiVersion: 'networking.k8s.io/v1', manager: 'kubectl', want: false },
];

describe('an object by the name of another API group', () => {
  for (const { name, apiVersion, manager = 'kustomize-controller', want } of groups) {
    test(name, () => {
      const managedFields = [{ manager, operation: 'Apply' as const, apiVersion }];
      const live: KubeObject = {
        apiVersion: 'extensions/v1beta1',
        kind: 'Ingress',
        metadata: { name: 'web', managedFields },
      };

      assert.equal(isAppliedByOtherGroup(live, INGRESS), want);
    });
  }
});
