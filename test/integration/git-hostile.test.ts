import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { computeObjectId, type ObjectType } from '../../src/git/git-object.ts';
import { GIT_LIMITS } from '../../src/git/limits.ts';
import { SourceObjects, type SourceObjectsOptions } from '../../src/git/source-objects.ts';
import { eventually } from '../support/eventually.ts';
import { makeDelta, makePack, type PackEntrySpec } from '../support/make-pack.ts';

const BLOB_BYTES = 2_000;
const never = new AbortController().signal;

async function openStore(t: TestContext, options: Partial<SourceObjectsOptions>) {
  const directory = await mkdtemp(join(tmpdir(), 'hawser-git-hostile-'));
  const path = join(directory, 'objects');
  const objects = new SourceObjects({ path, ...options });
  t.after(async () => {
    await objects.close();
    await rm(directory, { recursive: true, force: true });
  });
  return { objects, path };
}

function toEntry(type: ObjectType, data: Buffer): PackEntrySpec & { readonly id: string } {
  return { type: type as 'blob', data, id: computeObjectId(type, data) };
}

/** A commit of one file, as the objects of a pack. */
function makeCommit(content: Buffer) {
  const blob = toEntry('blob', content);
  const tree = toEntry('tree', Buffer.concat([Buffer.from('100644 a\0'), Buffer.from(blob.id, 'hex')]));
  const commit = toEntry('commit', Buffer.from(`tree ${tree.id}\n\nChange`));
  const entries = [blob, tree, commit];
  return { blob, commit, entries, pack: makePack(entries) };
}

test('a remote whose packs are never complete does not fill the disk, nor cost what is stored', async (t) => {
  const { objects, path } = await openStore(t, { slackBytes: 10 * BLOB_BYTES });
  const good = makeCommit(Buffer.from('good'));
  await objects.add(good.pack, good.commit.id, never);

  for (let n = 0; n < 60; n++) {
    const pack = makePack([{ type: 'blob', data: randomBytes(BLOB_BYTES) }]);
    await assert.rejects(objects.add(pack, 'c'.repeat(40), never), { code: 'GIT_OBJECT_MISSING' });
  }

  await eventually(async () => assert.ok((await stat(path)).size < 20 * BLOB_BYTES));
  assert.equal((await (await objects.open(good.commit.id)).tree.read('a')).toString(), 'good');
});

test('a small pack that builds on everything stored is refused before all of it is in memory', async (t) => {
  const limits = { ...GIT_LIMITS, packBytes: 5 * BLOB_BYTES };
  const { objects } = await openStore(t, { limits });
  const commits = Array.from({ length: 8 }, () => makeCommit(randomBytes(BLOB_BYTES)));
  for (const { pack, commit } of commits) await objects.add(pack, commit.id, never);
  const thin = (count: number) => {
    const delta = makeDelta(BLOB_BYTES, ['x']);
    const next = makeCommit(Buffer.from(`next ${count}`));
    const deltas = commits.slice(0, count).map(({ blob }) => ({ baseId: blob.id, delta }));
    return { pack: makePack([...deltas, ...next.entries]), sha: next.commit.id };
  };

  const [few, all] = [thin(3), thin(8)];

  await objects.add(few.pack, few.sha, never);
  await assert.rejects(objects.add(all.pack, all.sha, never), {
    code: 'GIT_LIMIT_EXCEEDED',
    message: /builds on objects/,
  });
});
