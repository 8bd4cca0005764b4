import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageOf } from '../../../src/errors/hawser-error.ts';
import type { KubeObject } from '../../../src/model/kube-object.ts';
import { compileFilters, toFilteredBody } from '../../../src/receiver/compile-filters.ts';

const OBJECT: KubeObject = {
  apiVersion: 'source.toolkit.fluxcd.io/v1',
  kind: 'GitRepository',
  metadata: { name: 'app', namespace: 'default', labels: { team: 'acme' }, annotations: { image: 'app' } },
  spec: { url: 'https://user:secret@example.com' },
};
const BODY = JSON.stringify({ ref: 'refs/heads/main', tag: 'ghcr.io/acme/app:1.0', size: 3 });
const ENTRY = { kind: 'GitRepository', name: 'app' } as const;

interface Case {
  readonly name: string;
  readonly resourceFilter?: string;
  readonly filter?: string;
  readonly body?: string;
  /** True or false, or part of the message of what is thrown. */
  readonly want: boolean | RegExp;
}

const CASES: readonly Case[] = [
  { name: 'compares object and body', resourceFilter: 'req.tag.contains(res.metadata.name)', want: true },
  { name: 'is false', resourceFilter: "req.ref == 'refs/heads/next'", want: false },
  {
    name: 'sees kind and apiVersion',
    resourceFilter: "res.kind == 'GitRepository' && res.apiVersion.endsWith('/v1')",
    want: true,
  },
  { name: 'sees nothing of the spec', resourceFilter: 'has(res.spec)', want: false },
  {
    name: 'is written as in Flux’s documents',
    resourceFilter:
      "has(res.metadata.annotations) && req.tag.split('/').last().value().split(\":\").first().value() == res.metadata.annotations['image']",
    want: true,
  },
  { name: 'of the entry alone counts', filter: 'req.size > 2', want: true },
  { name: 'of the entry must be true too', resourceFilter: 'true', filter: 'false', want: false },
  { name: 'of all must be true too', resourceFilter: 'false', filter: 'true', want: false },
  { name: 'gets an empty body where there is none', resourceFilter: 'size(req) == 0', body: '', want: true },
  {
    name: 'fails for a field that is missing',
    resourceFilter: "req.missing == 'x'",
    want: /failed to evaluate the CEL expression .*missing/,
  },
  {
    name: 'fails beyond its time',
    resourceFilter: "res.metadata.name.matches('(a+)+$') || req.long.matches('^(a+)+$')",
    body: `{"long":"${'a'.repeat(40)}b"}`,
    want: /took longer than 250 ms/,
  },
  {
    name: 'cannot be parsed',
    resourceFilter: 'req.ref.',
    want: /^Reconciliation failed terminally due to configuration error: invalid resourceFilter expression: failed to parse/,
  },
  {
    name: 'of the entry cannot be parsed',
    filter: '1 +',
    want: /configuration error: invalid filter expression for resources\[0\] \(kind="GitRepository", name="app"\): /,
  },
  { name: 'is no bool', resourceFilter: "'text'", want: /expected bool, got string/ },
  { name: 'is of a type that nobody knows', resourceFilter: 'req.ref', want: /expected bool, got dyn/ },
  {
    name: 'asks for what is not there',
    resourceFilter: 'claims.sub == res.metadata.name',
    want: /undeclared reference to 'claims'/,
  },
  {
    name: 'meets a body that is very deep',
    resourceFilter: 'req.a == 1',
    body: `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    want: /call stack|failed to evaluate/,
  },
];

for (const { name, resourceFilter, filter, body = BODY, want } of CASES) {
  test(`a filter that ${name}: ${want}`, async () => {
    const outcome = await evaluate().catch(messageOf);

    if (want instanceof RegExp) assert.match(String(outcome), want);
    else assert.equal(outcome, want);
  });

  async function evaluate(): Promise<boolean> {
    const [compiled] = compileFilters({ type: 'github', resourceFilter, resources: [{ ...ENTRY, filter }] });
    assert.ok(compiled);
    return await compiled(OBJECT, toFilteredBody(body === '' ? undefined : body));
  }
}

test('an entry without any filter has none', () => {
  assert.deepEqual(compileFilters({ type: 'github', resources: [ENTRY, ENTRY] }), [undefined, undefined]);
});
