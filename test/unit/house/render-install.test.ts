import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestChart, findStaleness, withHeader } from '../../../scripts/render-install.ts';

const CHART = join(import.meta.dirname, '../../../helm');
const INSTALL = join(import.meta.dirname, '../../../deploy/install.yaml');
const GENERATED = withHeader('kind: Namespace\n', 'sha256:chart');

const cases: readonly { name: string; install: string; chart: string; want: RegExp | undefined }[] = [
  { name: 'a fresh one is current', install: GENERATED, chart: 'sha256:chart', want: undefined },
  { name: 'a changed chart is noticed', install: GENERATED, chart: 'sha256:other', want: /older than the chart/ },
  { name: 'an edit is noticed', install: `${GENERATED}edited: true\n`, chart: 'sha256:chart', want: /edited by hand/ },
  { name: 'an empty file is noticed', install: '', chart: 'sha256:chart', want: /no generated header/ },
  {
    name: 'a file without header is noticed',
    install: 'kind: A\n',
    chart: 'sha256:chart',
    want: /no generated header/,
  },
];

for (const { name, install, chart, want } of cases) {
  test(`install.yaml: ${name}`, () => {
    const staleness = findStaleness(install, chart);

    if (want) assert.match(staleness ?? '', want);
    else assert.equal(staleness, undefined);
  });
}

test('any changed, added or removed file of the chart changes its digest', async (t) => {
  const copy = await mkdtemp(join(tmpdir(), 'hawser-chart-'));
  t.after(() => rm(copy, { recursive: true }));
  await cp(CHART, copy, { recursive: true });
  const digests = [digestChart(copy)];

  await writeFile(join(copy, 'values.yaml'), '{}');
  digests.push(digestChart(copy));
  await writeFile(join(copy, 'templates/added.yaml'), '');
  digests.push(digestChart(copy));
  await rm(join(copy, 'templates/deployment.yaml'));
  digests.push(digestChart(copy));

  assert.equal(digests[0], digestChart(CHART));
  assert.equal(new Set(digests).size, digests.length);
});

test('deploy/install.yaml is what the chart renders to', async () => {
  assert.equal(findStaleness(await readFile(INSTALL, 'utf8'), digestChart(CHART)), undefined);
});
