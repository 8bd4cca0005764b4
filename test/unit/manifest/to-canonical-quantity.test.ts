import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toCanonicalQuantity } from '../../../src/manifest/to-canonical-quantity.ts';

/** As Kubernetes' own Quantity writes them. */
const CASES: readonly { given: unknown; want: unknown }[] = [
  { given: '0', want: '0' },
  { given: 0, want: '0' },
  { given: '0Mi', want: '0' },
  { given: 1, want: '1' },
  { given: 0.5, want: '500m' },
  { given: '0.5', want: '500m' },
  { given: '1000m', want: '1' },
  { given: '1500m', want: '1500m' },
  { given: '100m', want: '100m' },
  { given: '1.125', want: '1.125' },
  { given: '0.125', want: '125m' },
  { given: '2.5', want: '2500m' },
  { given: '1024Mi', want: '1Gi' },
  { given: '1536Mi', want: '1536Mi' },
  { given: '1.5Gi', want: '1536Mi' },
  { given: '0.5Mi', want: '512Ki' },
  { given: '512', want: '512' },
  { given: '0.5Ki', want: '512' },
  { given: '0.1Mi', want: '104857600m' },
  { given: '1000k', want: '1M' },
  { given: '1000Ki', want: '1000Ki' },
  { given: '1e3', want: '1e3' },
  { given: '1000e3', want: '1e6' },
  { given: '12E', want: '12E' },
  { given: '16Ei', want: '9223372036854775807' },
  { given: '0.0000000001', want: '1n' },
  { given: '-1000m', want: '-1' },
  { given: ' 1Gi ', want: '1Gi' },
  { given: 10n ** 18n, want: '1E' },
  { given: 'lots', want: 'lots' },
  { given: '1GB', want: '1GB' },
  { given: '', want: '' },
  { given: null, want: null },
  { given: ['1'], want: ['1'] },
];

for (const { given, want } of CASES) {
  test(`the quantity ${typeof given === 'bigint' ? given : JSON.stringify(given)} is ${JSON.stringify(want)}`, () => {
    assert.deepEqual(toCanonicalQuantity(given), want);
  });
}
