import { z } from 'zod';
import { type FollowedReference, TAGS } from '../model/followed-reference.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { Hint } from '../model/push.ts';
import { parseRevision, type Revision } from '../model/revision.ts';
import { parseSemverRange } from '../model/semver-range.ts';
import { PATIENCE_MS } from './decide-tip.ts';
import { versionWithin } from './follow-tags.ts';
import { listPassed } from './list-passed.ts';
import { uidOf } from './source-memory.ts';
import type { Tip } from './tip.ts';

/**
 * How far a source has come. It stands in Redis and is moved under the source's lease before anybody is asked to deploy
 * the new tip: every process goes on from where the last one was, and every Kustomization deploys what it says. Without
 * it, in a Redis that was emptied, `status.artifact` takes its place until the source has asked its remote.
 */
export interface SourceCursor {
  readonly uid: string;
  /** What the source followed: what another ref named says nothing about this one. */
  readonly follows: string;
  readonly tip: Tip;
  /** When the source came to the tip, in milliseconds since the epoch. */
  readonly movedAt: number;
  /** True if it had left that commit before: hooks may be of how it came there first. */
  readonly isReturn: boolean;
  /** The commit that all Kustomizations have been asked to deploy; behind the tip where asking failed. */
  readonly asked: string | undefined;
  /** Commits that the ref left in the last 30 s, with the time when that was first known. */
  readonly left: ReadonlyMap<string, number>;
}

const TipSchema = z.object({ ref: z.string(), sha: z.string(), fullRef: z.string().optional(), object: z.string() });

const CursorSchema = z.object({
  uid: z.string(),
  follows: z.string(),
  tip: TipSchema,
  movedAt: z.number(),
  isReturn: z.boolean(),
  asked: z.string().optional(),
  left: z.array(z.tuple([z.string(), z.number()])),
});

/** As it stands in Redis. */
export function formatCursor(cursor: SourceCursor): string {
  return JSON.stringify({ ...cursor, left: [...cursor.left] });
}

/** Reads a source's cursor; undefined if there is none, it is another object's of that name, or nobody can read it. Pure. */
export function parseCursor(text: string | undefined, uid: string): SourceCursor | undefined {
  if (text === undefined) return undefined;
  try {
    const { tip, asked, left, ...rest } = CursorSchema.parse(JSON.parse(text));
    if (rest.uid !== uid) return undefined;
    return { ...rest, tip: { ...tip, fullRef: tip.fullRef }, asked, left: new Map(left) };
  } catch {
    // Only a note: without it the status tells, and the remote is asked.
    return undefined;
  }
}

/** Where a sync of a source starts from. */
export interface Standing {
  /** Undefined before the first tip, and after the source was told to follow something else. */
  readonly current: Tip | undefined;
  /** What the Kustomizations were asked to deploy last. */
  readonly asked: string | undefined;
  /** Undefined where no move of the ref that is followed is known. */
  readonly movedAt: number | undefined;
  readonly isReturn: boolean;
  readonly left: ReadonlyMap<string, number>;
  /** False where Redis knows nothing of all this. */
  readonly isStored: boolean;
}

/** Where a source stands, by its cursor, else by its status. Pure. */
export function findStanding(source: GitRepository, followed: FollowedReference, text: string | undefined): Standing {
  const cursor = parseCursor(text, uidOf(source));
  if (!cursor) return standingByStatus(source, followed);
  const current = belongsTo(followed, cursor.tip) ? cursor.tip : undefined;
  const { asked } = cursor;
  if (cursor.follows !== toFollows(followed)) {
    return { current, asked, movedAt: undefined, isReturn: false, left: new Map(), isStored: true };
  }
  const { movedAt, isReturn, left } = cursor;
  return { current, asked, movedAt, isReturn, left, isStored: true };
}

/** The status tells the time in whole seconds. */
const STATUS_PRECISION_MS = 1_000;

function standingByStatus({ status }: GitRepository, followed: FollowedReference): Standing {
  const published = publishedTip(status);
  const movedAt = Date.parse(status?.artifact?.lastUpdateTime ?? '') + STATUS_PRECISION_MS;
  return {
    current: published && belongsTo(followed, published) ? published : undefined,
    asked: published?.sha,
    movedAt: Number.isNaN(movedAt) ? undefined : movedAt,
    isReturn: true,
    left: new Map(),
    isStored: false,
  };
}

/** What a source has published, whoever did that. */
export function publishedTip(status: GitRepository['status']): Tip | undefined {
  const published = parseRevision(status?.artifact?.revision);
  return published && { ...published, fullRef: undefined, object: published.sha };
}

function toFollows(followed: FollowedReference): string {
  return JSON.stringify(followed);
}

function belongsTo(followed: FollowedReference, { ref, sha }: Revision): boolean {
  if (followed.kind === 'commit') return followed.sha === sha;
  if (followed.kind !== 'semver') return followed.shown === ref;
  return versionWithin(parseSemverRange(followed.range), `${TAGS}${ref}`) !== undefined;
}

/** What the ref had left, and what hooks tell that it has passed; to hear of that once more makes it no later. Pure. */
export function noteLeft(
  left: ReadonlyMap<string, number>,
  { tip, hints, now }: { tip: string; hints: readonly Hint[]; now: number },
): ReadonlyMap<string, number> {
  const passed = listPassed(tip, hints, left).map((sha): [string, number] => [sha, now]);
  return new Map([...passed, ...left]);
}

interface Progress {
  readonly source: GitRepository;
  readonly followed: FollowedReference;
  readonly tip: Tip;
  readonly now: number;
}

/** The cursor of a source that was found at a tip, the one where it stands or another one. Pure. */
export function toCursor(standing: Standing, { source, followed, tip, now }: Progress): SourceCursor {
  const { current, movedAt, asked } = standing;
  const isMove = current?.sha !== tip.sha;
  const left = new Map([...standing.left].filter(([, at]) => now - at <= PATIENCE_MS));
  const wasLeft = left.delete(tip.sha);
  const isReturn = isMove ? wasLeft : standing.isReturn && standing.isStored;
  if (isMove && current) left.set(current.sha, now);
  return {
    uid: uidOf(source),
    follows: toFollows(followed),
    tip,
    movedAt: isMove ? now : (movedAt ?? 0),
    isReturn,
    asked,
    left,
  };
}
