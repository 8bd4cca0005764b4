import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { readTrustedKeys } from '../../src/verification/trusted-keys.ts';
import { type VerificationMode, verifyRevision } from '../../src/verification/verify-revision.ts';
import { makePgpSigner, makeSshSigner, type Signer } from '../support/make-signer.ts';
import { type GitBench, SOURCE_UID, startGitBench } from '../support/start-git-client.ts';

const SIGNERS: readonly { readonly name: string; readonly make: (t: TestContext) => Promise<Signer> }[] = [
  { name: 'PGP', make: makePgpSigner },
  { name: 'SSH by Ed25519', make: (t) => makeSshSigner(t, '-t', 'ed25519') },
  { name: 'SSH by RSA', make: (t) => makeSshSigner(t, '-t', 'rsa', '-b', '2048') },
  { name: 'SSH by ECDSA, P-256', make: (t) => makeSshSigner(t, '-t', 'ecdsa', '-b', '256') },
  { name: 'SSH by ECDSA, P-384', make: (t) => makeSshSigner(t, '-t', 'ecdsa', '-b', '384') },
  { name: 'SSH by ECDSA, P-521', make: (t) => makeSshSigner(t, '-t', 'ecdsa', '-b', '521') },
];

for (const { name, make } of SIGNERS) {
  test(`what git signed is verified, commit and tag: ${name}`, async (t) => {
    const bench = await startGitBench(t);
    const signer = await make(t);
    const sha = await signer.commit(bench.repository, 'Grüße\n\nFrom Ada');
    const tag = await signer.tag(bench.repository, 'v1.0.0');

    assert.equal(
      await verify(bench, { sha, tag, mode: 'TagAndHEAD', keys: [signer.publicKey] }),
      `verified signature of\n\t- tag 'v1.0.0@sha1:${tag}' with key '${signer.keyId}'\n\t- commit '${sha}' with key '${signer.keyId}'`,
    );
    const stranger = await make(t);
    for (const mode of ['HEAD', 'Tag'] as const) {
      await assert.rejects(verify(bench, { sha, tag, mode, keys: [stranger.publicKey] }), {
        code: 'SIGNATURE_INVALID',
        reason: mode === 'HEAD' ? 'InvalidCommitSignature' : 'InvalidTagSignature',
      });
    }
  });
}

test('a commit that was changed after it was signed, or never signed, is refused', async (t) => {
  const bench = await startGitBench(t);
  const signer = await makeSshSigner(t, '-t', 'ed25519');
  const signed = await signer.commit(bench.repository);
  const raw = await bench.repository.git('cat-file', 'commit', signed);
  const unsigned = await bench.repository.commitAndPush({ a: '1' });
  const keys = await readTrustedKeys({ ada: Buffer.from(signer.publicKey).toString('base64') }, 'Secret/n/keys');
  const bloated = raw.replace('-----END SSH', `${'A\n '.repeat(40_000)}-----END SSH`);
  const forged = { id: signed, data: Buffer.from(`${raw.replace('Signed', 'Forged')}\n`) };

  await assert.rejects(verifyRevision({ mode: 'HEAD', keys, commit: forged, tag: undefined }), {
    message: new RegExp(`^signature verification of commit '${signed}' failed: it was not made over this content`),
  });
  const huge = { id: signed, data: Buffer.from(`${bloated}\n`) };
  await assert.rejects(verifyRevision({ mode: 'HEAD', keys, commit: huge, tag: undefined }), /longer than 65536 bytes/);
  await assert.rejects(verify(bench, { sha: unsigned, mode: 'HEAD', keys: [signer.publicKey] }), {
    message: `signature verification of commit '${unsigned}' failed: it is not signed`,
  });
});

test('a tag is verified for its own name and commit only', async (t) => {
  const bench = await startGitBench(t);
  const { repository } = bench;
  const signer = await makeSshSigner(t, '-t', 'ed25519');
  const old = await signer.commit(repository, 'old');
  const tag = await signer.tag(repository, 'v1');
  await repository.git('tag', 'light');
  await repository.tag('unsigned');
  const unsigned = await repository.git('rev-parse', 'refs/tags/unsigned');
  const keys = [signer.publicKey];

  await assert.rejects(verify(bench, { sha: old, tag, name: 'v2', mode: 'Tag', keys }), /it was made for the tag 'v1'/);
  await assert.rejects(verify(bench, { sha: old, tag: old, name: 'light', mode: 'Tag', keys }), {
    reason: 'InvalidGitObject',
    message: `cannot verify signature of tag 'light@sha1:${old}' since it is not signed`,
  });
  await assert.rejects(verify(bench, { sha: old, tag: unsigned, name: 'unsigned', mode: 'Tag', keys }), {
    reason: 'InvalidGitObject',
  });
  await assert.rejects(verify(bench, { sha: old, mode: 'TagAndHEAD', keys }), {
    code: 'VERIFICATION_MODE_INVALID',
    disposition: 'stalled',
  });
  const newer = await signer.commit(repository, 'newer');
  await ensure(bench, { sha: newer });
  await assert.rejects(
    verify(bench, { sha: newer, tag, name: 'v1', mode: 'Tag', keys }),
    new RegExp(`it was made for commit ${old}`),
  );
});

test('a tag object is fetched also when its commit is here already', async (t) => {
  const bench = await startGitBench(t);
  const sha = await bench.repository.commitAndPush({ a: '1' });
  await bench.repository.tag('v1');
  const tag = await bench.repository.git('rev-parse', 'refs/tags/v1');
  await bench.ensure(sha);
  await ensure(bench, { sha, tag });
  await ensure(bench, { sha, tag });

  assert.equal((await bench.client.readObject(SOURCE_UID, tag)).type, 'tag');
  assert.equal(bench.countRequests('fetch'), 2);
});

interface Wanted {
  readonly sha: string;
  readonly tag?: string;
  readonly name?: string;
  readonly mode: VerificationMode;
  readonly keys: readonly string[];
}

async function verify(bench: GitBench, { sha, tag, name = 'v1.0.0', mode, keys }: Wanted): Promise<string> {
  await ensure(bench, { sha, ...(tag === undefined || tag === sha ? {} : { tag }) });
  const data = Object.fromEntries(keys.map((key, index) => [`key-${index}`, Buffer.from(key).toString('base64')]));
  const object = tag === undefined ? undefined : await bench.client.readObject(SOURCE_UID, tag);
  return await verifyRevision({
    mode,
    keys: await readTrustedKeys(data, 'Secret/n/keys'),
    commit: await bench.client.readObject(SOURCE_UID, sha),
    tag: object && { id: object.id, data: object.data, isTag: object.type === 'tag', name },
  });
}

function ensure(bench: GitBench, wanted: { readonly sha: string; readonly tag?: string }): Promise<void> {
  return bench.client.ensure({ sourceUid: SOURCE_UID, remote: bench.remote, ...wanted }, new AbortController().signal);
}
