import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createFlux, type Flux, type FluxResult } from './flux.ts';
import { makeDeployment, makeGitRepository, makeKustomization } from './make-kustomization.ts';
import { type Story, useStory } from './use-story.ts';

/** A story whose source and Kustomization are both called `app`, and the flux CLI pointed at its namespace. */
export interface FluxStory {
  readonly story: Story;
  readonly flux: Flux;
  /** The commit that was there first. */
  readonly first: string;
}

interface FluxStoryOptions {
  /** What the first commit holds, made for the story's namespace; the Deployment `web` if absent. */
  readonly files?: (namespace: string) => Record<string, string>;
  /** False for a first commit that cannot be deployed. */
  readonly isDeployed?: boolean;
}

/** Deploys a first commit. */
export async function useFluxStory(t: TestContext, options: FluxStoryOptions = {}): Promise<FluxStory> {
  const { files = () => ({ 'web.yaml': makeDeployment('web', 'web:v1') }), isDeployed = true } = options;
  const story = await useStory(t);
  const { namespace, repository } = story;
  const flux = await createFlux(story.kubeconfig, namespace);
  const first = await repository.commitAndPush(files(namespace));
  await story.create(
    makeGitRepository({ namespace }, { url: repository.url }),
    makeKustomization({ namespace }, { retryInterval: '1h' }),
  );
  if (isDeployed) await story.applied(first);
  return { story, flux, first };
}

/** Answers what a run of flux printed; fails with its words if it did. */
export async function succeed(running: Promise<FluxResult>): Promise<FluxResult> {
  const result = await running;
  assert.equal(result.code, 0, result.stderr);
  return result;
}

/** The filled cells of that row of a table which starts with a name. */
export function cells(table: string, name: string): string[] | undefined {
  const rows = table.split('\n').map((line) => line.split('\t').map((cell) => cell.trim()));
  return rows.find(([first]) => first === name)?.filter((cell) => cell !== '');
}

/** An empty directory that is removed after the test. */
export async function useDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'hawser-flux-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
