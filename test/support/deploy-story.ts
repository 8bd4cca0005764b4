import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type Condition, findCondition } from '../../src/model/conditions.ts';
import type { Kustomization } from '../../src/model/kustomization.ts';
import { eventually } from './eventually.ts';
import { makeDeployment, makeGitRepository, makeKustomization } from './make-kustomization.ts';
import type { FileChanges } from './make-repository.ts';
import { type Story, type StoryOptions, useStory } from './use-story.ts';

/** A story whose repository is followed, and maybe deployed. */
export interface Deployed {
  readonly story: Story;
  /** The first commit. */
  readonly first: string;
  /** Commits, pushes and sends the webhook; answers the commit's sha. */
  push(files: FileChanges): Promise<string>;
}

/** Follows a repository with the given files, without any Kustomization yet. */
export async function followedStory(t: TestContext, files: FileChanges, options: StoryOptions = {}): Promise<Deployed> {
  const story = await useStory(t, options);
  const { namespace, repository } = story;
  const first = await repository.commitAndPush(files);
  await story.create(makeGitRepository({ namespace }, { url: repository.url }));
  let before = first;
  const push = async (changes: FileChanges) => {
    const after = await repository.commitAndPush(changes);
    const answer = await story.hook({ before, after });
    assert.equal(answer.status, 202);
    before = after;
    return after;
  };
  return { story, first, push };
}

/** Deploys a repository with the given files by the Kustomization `app`. */
export async function deployedStory(
  t: TestContext,
  files: FileChanges,
  spec: Readonly<Record<string, unknown>> = {},
  options: StoryOptions = {},
): Promise<Deployed> {
  const deployed = await followedStory(t, files, options);
  const { namespace } = deployed.story;
  await deployed.story.create(makeKustomization({ namespace }, spec));
  await deployed.story.applied(deployed.first);
  return deployed;
}

/** Waits for a condition of a Kustomization with this status whose message fits. */
export async function hasCondition(
  story: Story,
  want: Pick<Condition, 'type' | 'status'> & { readonly message: RegExp; readonly reason?: string },
  name = 'app',
): Promise<Kustomization> {
  return await eventually(
    async () => {
      const found = await story.kustomization(name);
      const condition = findCondition(found?.status?.conditions, want.type);
      assert.equal(condition?.status, want.status, JSON.stringify(found?.status?.conditions));
      assert.match(condition?.message ?? '', want.message);
      if (want.reason !== undefined) assert.equal(condition?.reason, want.reason);
      return found;
    },
    { timeoutMs: 30_000 },
  );
}

/** All events of the story's namespace, as `<reason>: <message>`, each as often as it was counted. */
export async function listEvents(story: Story): Promise<string[]> {
  const { items } = JSON.parse(await story.kubectl('get', 'events', '-o', 'json')) as { items: SeenEvent[] };
  return items.flatMap(({ reason, message, count }) =>
    Array.from({ length: count ?? 1 }, () => `${reason}: ${message}`),
  );
}

interface SeenEvent {
  readonly reason: string;
  readonly message: string;
  readonly count?: number;
}

/** Waits for an event whose `<reason>: <message>` begins so. */
export async function hasEvent(story: Story, reason: string, message: string): Promise<void> {
  await eventually(
    async () => {
      const events = await listEvents(story);
      assert.ok(
        events.some((event) => event.includes(`${reason}: ${message}`)),
        `no event '${reason}: ${message}' in:\n${events.join('\n')}`,
      );
    },
    { timeoutMs: 30_000 },
  );
}

/** A Deployment whose pods can be scheduled nowhere. */
export function makeNeverReady(name: string): string {
  return makeDeployment(name, `${name}:v1`).replace(
    '    spec:\n',
    '    spec:\n      nodeSelector:\n        nowhere: "true"\n',
  );
}
