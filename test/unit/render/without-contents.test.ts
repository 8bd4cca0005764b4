import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutContents } from '../../../src/render/without-contents.ts';

/** As kustomize 5.8.1 says it. */
const CASES: readonly { readonly name: string; readonly given: string; readonly want: string }[] = [
  {
    name: 'a patch that is none',
    given:
      'trouble configuring builtin PatchTransformer with config: `\npatch: \'stringData: [canary\'\n`: unable to parse SM or JSON patch from [patch: "stringData: [canary"]',
    want: 'trouble configuring builtin PatchTransformer: unable to parse SM or JSON patch',
  },
  {
    name: 'a literal without a key',
    given: 'loading KV pairs: literal sources [canary a=canary]: invalid literal source canary, expected key=value',
    want: 'loading KV pairs: a literal is not of the form key=value',
  },
  {
    name: 'a line that is not UTF-8',
    given: 'loading KV pairs: env source files: [x.env]: line [99 97 110] has invalid utf8 bytes : canary',
    want: 'loading KV pairs: env source files: [x.env]: a line is not UTF-8',
  },
  {
    name: 'a node of another kind',
    given: 'wrong node kind: expected MappingNode but got SequenceNode: node contents:\n[canary]',
    want: 'wrong node kind: expected MappingNode but got SequenceNode: node contents [not shown]',
  },
  {
    name: 'objects that fall together',
    given:
      'namespace transformation produces ID conflict: [{"kind":"Secret","stringData":{"a":"canary"}} {"kind":"Secret"}]',
    want: 'namespace transformation produces ID conflict: several objects would have the same kind, namespace and name',
  },
  {
    name: 'a crash',
    given: 'panic: runtime error: index out of range [1] with length 1',
    want: 'kustomize crashed; one of the resources, or the kustomization, is malformed',
  },
  {
    name: 'a message that quotes nothing',
    given: 'configmap g illegally repeats the key `a`',
    want: 'configmap g illegally repeats the key `a`',
  },
];

for (const { name, given, want } of CASES) {
  test(`${name} is told without what stands in it`, () => {
    assert.equal(withoutContents(given), want);
  });
}
