import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

function read(path: string): string {
  return readFileSync(join(import.meta.dirname, '../../..', path), 'utf8');
}

function find(path: string, pattern: RegExp): string | undefined {
  return pattern.exec(read(path))?.[1];
}

const VERSION: string = JSON.parse(read('package.json')).version;
const NODE = find('package.json', /"node": ">=(\d+)"/);
const KUSTOMIZE = find('test/control-plane/build.sh', /\bkustomize=(v\S+)/);

const cases: readonly { name: string; path: string; pattern: RegExp; want: string | undefined }[] = [
  {
    name: 'the chart has the version of the package',
    path: 'helm/Chart.yaml',
    pattern: /^version: (.+)$/m,
    want: VERSION,
  },
  { name: 'so has its application', path: 'helm/Chart.yaml', pattern: /^appVersion: (.+)$/m, want: `v${VERSION}` },
  {
    name: 'install.yaml names that image',
    path: 'deploy/install.yaml',
    pattern: /image: "hawser:(.+)"/,
    want: `v${VERSION}`,
  },
  {
    name: 'the README builds that image',
    path: 'README.md',
    pattern: /docker build -t hawser:(\S+)/,
    want: `v${VERSION}`,
  },
  { name: 'the image has the Node of the package', path: 'Dockerfile', pattern: /^FROM node:(\d+)-/m, want: NODE },
  {
    name: 'the image has the kustomize of the tests',
    path: 'Dockerfile',
    pattern: /kustomize\/v5@(v\S+)/,
    want: KUSTOMIZE,
  },
];

for (const { name, path, pattern, want } of cases) {
  test(`${path}: ${name}`, () => {
    assert.ok(want);
    assert.equal(find(path, pattern), want);
  });
}

test('what the Dockerfile copies is not left out by .dockerignore', () => {
  const copied = [...read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files = '']) =>
    files.split(' '),
  );
  const sent = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'));

  assert.ok(copied.length > 0);
  assert.deepEqual(
    copied.filter((file) => !sent.includes(`!${file}`)),
    [],
  );
});
