/**
 * Generates deploy/install.yaml from the chart, with the real helm, and tells without helm whether it is current:
 * its header holds a digest of the chart it was made from and one of its own text.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = dirname(import.meta.dirname);
const NAMESPACE = 'flux-system';

const NAMESPACE_MANIFEST = `---
apiVersion: v1
kind: Namespace
metadata:
  name: ${NAMESPACE}
  labels:
    app.kubernetes.io/part-of: flux
    pod-security.kubernetes.io/warn: restricted
`;

/** Digest over the path and content of every file of a chart, so that any change to it is noticed. */
export function digestChart(chartDir: string): string {
  const hash = createHash('sha256');
  for (const entry of listFiles(chartDir)) {
    const content = readFileSync(join(chartDir, entry));
    hash.update(`${entry}\0${content.length}\0`).update(content);
  }
  return `sha256:${hash.digest('hex')}`;
}

function listFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

/** Puts the header before a rendered manifest. */
export function withHeader(manifest: string, chartDigest: string): string {
  return `# Hawser, to be installed with: kubectl apply -f install.yaml
# Generated from helm/ by 'npm run generate'; do not edit.
# chart: ${chartDigest}
# manifest: ${digestText(manifest)}
${manifest}`;
}

/** Why an install.yaml is not what its chart renders to, or undefined if it is; needs no helm. */
export function findStaleness(install: string, chartDigest: string): string | undefined {
  const header = /^(?:#.*\n)*# chart: (\S+)\n# manifest: (\S+)\n/.exec(install);
  if (!header) return 'deploy/install.yaml has no generated header';
  if (header[1] !== chartDigest) return 'deploy/install.yaml is older than the chart in helm/';
  if (header[2] !== digestText(install.slice(header[0].length))) return 'deploy/install.yaml was edited by hand';
  return undefined;
}

function digestText(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** Renders the chart as `kubectl apply` wants it: its namespace and CRDs included. Throws if helm refuses the chart. */
export function renderInstall(helm: string, chartDir: string): string {
  const args = ['template', 'hawser', chartDir, '--namespace', NAMESPACE, '--include-crds', '--kube-version', '1.37.0'];
  const rendered = execFileSync(helm, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  // Objects that kubectl installs are not managed by Helm.
  const unmanaged = rendered.replaceAll(/^ *app\.kubernetes\.io\/managed-by: Helm\n/gm, '');
  return withHeader(`${NAMESPACE_MANIFEST}${unmanaged}`, digestChart(chartDir));
}

/** Path of the pinned helm, built from its Go module where it is missing, which takes a minute or more. */
export function ensureHelm(): string {
  const script = join(ROOT, 'test/control-plane/build-helm.sh');
  return execFileSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}
