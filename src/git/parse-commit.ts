import { HawserError } from '../errors/hawser-error.ts';

/** What a commit object says, without its tree read. */
export interface CommitFacts {
  readonly treeId: string;
  readonly parents: readonly string[];
  /** `Name <address>`. */
  readonly author: string;
  readonly committedAt: Date;
  readonly message: string;
}

const IDENTITY = /^(.*?) ?(\d+) [+-]\d{4}$/;

/** Parses a commit object; throws GIT_CONTENT_INVALID if it names no tree. */
export function parseCommit(id: string, data: Buffer): CommitFacts {
  const text = data.toString('utf8');
  const end = text.indexOf('\n\n');
  const lines = (end < 0 ? text : text.slice(0, end)).split('\n');
  const values = (name: string) =>
    lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  const treeId = values('tree')[0];
  if (treeId === undefined || !/^[0-9a-f]{40}$/.test(treeId)) {
    throw new HawserError('GIT_CONTENT_INVALID', `commit ${id} names no tree`);
  }
  return {
    treeId,
    parents: values('parent'),
    author: IDENTITY.exec(values('author')[0] ?? '')?.[1] ?? '',
    committedAt: toDate(IDENTITY.exec(values('committer')[0] ?? '')?.[2]),
    message: end < 0 ? '' : text.slice(end + 2),
  };
}

/** A time that no Date can hold reads as the epoch: a commit's date decides nothing. */
function toDate(seconds: string | undefined): Date {
  const date = new Date(Number(seconds ?? 0) * 1000);
  return Number.isNaN(date.getTime()) ? new Date(0) : date;
}
