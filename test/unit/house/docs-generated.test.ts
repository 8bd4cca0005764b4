import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderErrors, renderMetrics, renderVariables } from '../../../scripts/generate-docs.ts';
import { renderFieldTables } from '../../../scripts/generate-field-tables.ts';
import { ERROR_CODES } from '../../../src/errors/codes.ts';

const ROOT = join(import.meta.dirname, '../../..');

const parts: readonly { document: string; says: string; want: () => string | Promise<string> }[] = [
  { document: 'docs/errors.md', says: 'every error code', want: renderErrors },
  { document: 'docs/configuration.md', says: 'every variable', want: renderVariables },
  { document: 'docs/operations.md', says: 'every metric', want: renderMetrics },
  { document: 'docs/gitrepository.md', says: 'every field', want: () => renderFieldTables('GitRepository').spec },
  { document: 'docs/gitrepository.md', says: 'the status', want: () => renderFieldTables('GitRepository').status },
  { document: 'docs/kustomization.md', says: 'every field', want: () => renderFieldTables('Kustomization').spec },
  { document: 'docs/kustomization.md', says: 'the status', want: () => renderFieldTables('Kustomization').status },
];

for (const { document, says, want } of parts) {
  test(`${document} tells of ${says} what the code says`, async () => {
    const text = readFileSync(join(ROOT, document), 'utf8');

    assert.ok(text.includes(await want()), `${document} is out of date: npm run generate`);
  });
}

const support: readonly { kind: string; field: string; want: string }[] = [
  { kind: 'GitRepository', field: 'spec.interval', want: 'yes' },
  { kind: 'GitRepository', field: 'spec.ref.branch', want: 'yes' },
  { kind: 'GitRepository', field: 'spec.ref.tag', want: 'yes' },
  { kind: 'GitRepository', field: 'spec.verify.mode', want: 'yes' },
  { kind: 'GitRepository', field: 'spec.provider', want: 'yes' },
  { kind: 'GitRepository', field: 'spec.serviceAccountName', want: 'yes' },
  { kind: 'Kustomization', field: 'spec.path', want: 'yes' },
  { kind: 'Kustomization', field: 'spec.patches[].target.kind', want: 'yes' },
  { kind: 'Kustomization', field: 'spec.decryption.serviceAccountName', want: 'not yet' },
];

for (const { kind, field, want } of support) {
  test(`the table of ${kind} says of ${field}: ${want}`, () => {
    const row = renderFieldTables(kind)
      .spec.split('\n')
      .find((line) => line.startsWith(`| \`${field}\``));

    assert.equal(row?.split(' | ').at(-1), `${want} |`);
  });
}

test('every error code is raised somewhere', () => {
  const source = globSync('src/**/*.ts', { cwd: ROOT })
    .filter((file) => file !== 'src/errors/codes.ts')
    .map((file) => readFileSync(join(ROOT, file), 'utf8'))
    .join('\n');

  const neverRaised = Object.keys(ERROR_CODES).filter((code) => !source.includes(`'${code}'`));

  assert.deepEqual(neverRaised, []);
});
