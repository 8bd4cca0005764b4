import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findContexts } from '../../../src/commit-status/find-contexts.ts';
import type { StatusObject } from '../../../src/commit-status/match-alerts.ts';
import type { Alert, Provider } from '../../../src/model/alert.ts';

function makeObject(kind: StatusObject['kind'], name: string, annotations: Record<string, string> = {}): StatusObject {
  const metadata = { namespace: 'shop', name, uid: 'abc', annotations };
  return { kind, namespace: 'shop', name, object: { apiVersion: 'x/v1', kind, metadata } };
}

const WEB = makeObject('Kustomization', 'web', { 'event.toolkit.fluxcd.io/cluster': 'prod-1' });
const API = makeObject('Kustomization', 'api');
const APP = makeObject('GitRepository', 'app');
const NAMESAKE = makeObject('Kustomization', 'app');

const KIND_AND_NAME = "(event.involvedObject.kind + '/' + event.involvedObject.name).lowerAscii()";
const SLOW = `'${'a'.repeat(40)}b'.matches('^(a+)+$') ? 'a' : 'b'`;

interface Case {
  readonly name: string;
  readonly expression: string | undefined;
  readonly about?: readonly StatusObject[];
  readonly want: readonly string[];
  readonly problem?: RegExp;
}

const CASES: readonly Case[] = [
  { name: 'no expression leaves the context', expression: undefined, want: ['hawser/shop/own'] },
  { name: 'an empty expression is none', expression: '', want: ['hawser/shop/own'] },
  { name: 'a constant is one', expression: "'prod'", want: ['prod'] },
  {
    name: 'the example of Flux’s documentation works',
    expression:
      "(event.involvedObject.kind + '/' + event.involvedObject.name + '/' + event.metadata.cluster + '/' + provider.metadata.uid.split('-').first().value()).lowerAscii()",
    want: ['kustomization/web/prod-1/0c9c2e41'],
  },
  {
    name: 'event, provider and alert are all of what they are',
    expression:
      "[event.severity, event.message, event.metadata.revision, provider.spec.channel, alert.metadata.labels['env'], alert.spec.eventSources[0].apiVersion].join(' ')",
    want: ['error no such kind main@sha1:1 deploys live v1'],
  },
  { name: 'a field may be of a type that only values tell', expression: 'event.involvedObject.name', want: ['web'] },
  {
    name: 'a field that is missing',
    expression: "event.metadata.region + '/x'",
    want: ['hawser/shop/own'],
    problem:
      /^spec\.commitStatusExpr for Kustomization\/shop\/web: .*region.*; its context is hawser\/shop\/own instead$/,
  },
  { name: 'a mistake in it', expression: "'a' +", want: ['hawser/shop/own'], problem: /failed to parse/ },
  {
    name: 'a variable that is none of Flux’s',
    expression: 'kustomization.metadata.name',
    want: ['hawser/shop/own'],
    problem: /kustomization/,
  },
  { name: 'a result that is no text', expression: '1 + 1', want: ['hawser/shop/own'], problem: /not a string/ },
  { name: 'a result that is empty', expression: "''", want: ['hawser/shop/own'], problem: /is empty/ },
  {
    name: 'a result that no host bears',
    expression: `'${'x'.repeat(256)}'`,
    want: ['hawser/shop/own'],
    problem: /more than 255/,
  },
  {
    name: 'a password is not told',
    expression: "'over ' + provider.spec.proxy",
    want: ['over http://[redacted]@proxy.example'],
  },
  { name: 'an expression without end', expression: SLOW, want: ['hawser/shop/own'], problem: /took longer/ },
  { name: 'a summary is its source’s', expression: KIND_AND_NAME, about: [APP, WEB, API], want: ['gitrepository/app'] },
  {
    name: 'a summary speaks for the Kustomization of its source’s name too',
    expression: KIND_AND_NAME,
    about: [APP, WEB, NAMESAKE],
    want: ['gitrepository/app', 'kustomization/app'],
  },
  {
    name: 'a summary shares a context with the Kustomization for which it speaks',
    expression: 'event.involvedObject.name',
    about: [APP, WEB, NAMESAKE],
    want: ['app'],
  },
  {
    name: 'a summary never takes the context of another Kustomization',
    expression: "'prod'",
    about: [APP, NAMESAKE, WEB],
    want: ['hawser/shop/own'],
    problem: /for GitRepository\/shop\/app: Kustomization\/shop\/web has the context 'prod' as well/,
  },
  {
    name: 'what fails for a Kustomization is no matter of the summary',
    expression: "event.involvedObject.kind == 'GitRepository' ? 'all' : event.metadata.region",
    about: [APP, NAMESAKE, WEB],
    want: ['all'],
  },
];

for (const { name, expression, about = [WEB], want, problem } of CASES) {
  test(`context of a commit status: ${name}`, async () => {
    const metadata = { namespace: 'shop', name: 'git' };
    const provider: Provider = {
      metadata: { ...metadata, uid: '0c9c2e41-d2f9-4f9b-9c41-bebc1984d67a' },
      spec: {
        type: 'github',
        channel: 'deploys',
        proxy: 'http://user:canary@proxy.example',
        ...(expression === undefined ? {} : { commitStatusExpr: expression }),
      },
    };
    const alert: Alert = {
      metadata: { ...metadata, labels: { env: 'live' } },
      spec: { providerRef: { name: 'git' }, eventSources: [{ kind: 'Kustomization', name: '*', apiVersion: 'v1' }] },
    };
    const said = { state: 'failure', description: 'no such kind', at: 0 } as const;
    const subject = { about, context: 'hawser/shop/own', revision: 'main@sha1:1', said };

    const found = await findContexts({ provider, alert, subject, instance: 'pod-0' });

    assert.deepEqual(found.contexts, want);
    if (problem) assert.match(found.problem ?? '', problem);
    else assert.equal(found.problem, undefined);
  });
}
