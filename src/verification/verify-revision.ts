/**
 * Who signed a commit or a tag: takes Git's objects apart, and checks their signatures, PGP's and SSH's, against the keys
 * that a Secret holds. Reading Secrets and objects, and what follows from the answer, is left to others. Pure.
 */
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { parseSignedCommit, parseSignedTag, type SignedObject, type TagFacts } from './signed-object.ts';
import { isMadeOver, isSshSignature, parseSshSignature } from './ssh-signature.ts';
import type { TrustedKeys } from './trusted-keys.ts';

/** What must be signed, in Flux's words. */
export type VerificationMode = 'HEAD' | 'Tag' | 'TagAndHEAD';

/** A revision to verify, as Git keeps it. */
export interface Revision {
  readonly mode: VerificationMode;
  readonly keys: TrustedKeys;
  readonly commit: GitObject;
  /** The tag object that was followed; undefined where the source follows no tag. */
  readonly tag: (GitObject & { readonly name: string; readonly isTag: boolean }) | undefined;
}

interface GitObject {
  readonly id: string;
  readonly data: Buffer;
}

/** `head` is what older manifests say. */
export function modeOf(mode: string | undefined): VerificationMode {
  return mode === 'Tag' || mode === 'TagAndHEAD' ? mode : 'HEAD';
}

/** Checks what the mode demands and tells, in Flux's words, who signed; throws SIGNATURE_INVALID with Flux's reasons. */
export async function verifyRevision(revision: Revision): Promise<string> {
  const { mode, keys, commit } = revision;
  const lines: string[] = [];
  if (mode !== 'HEAD') lines.push(await verifyTag(revision));
  if (mode !== 'Tag') {
    const signed = parseSignedCommit(commit.id, commit.data);
    const key = await findSigner(signed, keys, (why) =>
      invalid('InvalidCommitSignature', `signature verification of commit '${commit.id}' failed: ${why}`),
    );
    lines.push(`commit '${commit.id}' with key '${key}'`);
  }
  return `verified signature of${lines.map((line) => `\n\t- ${line}`).join('')}`;
}

async function verifyTag({ tag, commit, keys }: Revision): Promise<string> {
  if (!tag) {
    throw new HawserError(
      'VERIFICATION_MODE_INVALID',
      "cannot verify tag object's signature if a tag reference is not specified",
    );
  }
  const title = `${tag.name}@sha1:${tag.id}`;
  const facts = tag.isTag ? parseSignedTag(tag.id, tag.data) : undefined;
  if (facts?.signature === undefined) {
    throw invalid('InvalidGitObject', `cannot verify signature of tag '${title}' since it is not signed`);
  }
  const fail = (why: string) =>
    invalid('InvalidTagSignature', `signature verification of tag '${title}' failed: ${why}`);
  const key = await findSigner(facts, keys, fail);
  const problem = findMismatch(facts, { name: tag.name, sha: commit.id });
  if (problem !== undefined) throw fail(problem);
  return `tag '${title}' with key '${key}'`;
}

/** A signature says what a tag is called and what it names: neither may be another than is deployed. */
function findMismatch(facts: TagFacts, { name, sha }: { name: string; sha: string }): string | undefined {
  if (facts.type !== 'commit' || facts.object !== sha) return `it was made for ${facts.type} ${facts.object}`;
  return facts.name === name ? undefined : `it was made for the tag '${facts.name}'`;
}

/** The id of the trusted key that made the signature. */
async function findSigner(
  { payload, signature }: SignedObject,
  keys: TrustedKeys,
  fail: (why: string) => HawserError,
): Promise<string> {
  if (signature === undefined) throw fail('it is not signed');
  if (signature.length > LONGEST_SIGNATURE) throw fail(`its signature is longer than ${LONGEST_SIGNATURE} bytes`);
  const found = isSshSignature(signature)
    ? findSshSigner(signature, payload, keys)
    : await findPgpSigner(signature, payload, keys);
  if ('key' in found) return found.key;
  throw fail(found.problem);
}

/** Bytes; git's are a few hundred, and each packet in one costs time. */
const LONGEST_SIGNATURE = 65_536;

type Signer = { readonly key: string } | { readonly problem: string };

const UNTRUSTED = 'unable to verify payload with any of the given key rings';

function findSshSigner(armored: string, payload: Buffer, { ssh }: TrustedKeys): Signer {
  if (ssh.size === 0) return { problem: 'it is an SSH signature, and the Secret holds no SSH key' };
  try {
    const signature = parseSshSignature(armored);
    const { fingerprint } = signature.key;
    if (!ssh.has(signature.keyBlob.toString('base64'))) {
      return { problem: `the Secret does not hold the key '${fingerprint}' that made it` };
    }
    if (!isMadeOver(payload, signature)) return { problem: `it was not made over this content by '${fingerprint}'` };
    return { key: fingerprint };
  } catch (error) {
    return { problem: error instanceof RangeError ? messageOf(error) : 'it is malformed' };
  }
}

async function findPgpSigner(armored: string, payload: Buffer, { pgp }: TrustedKeys): Promise<Signer> {
  if (pgp.length === 0) return { problem: 'it is a PGP signature, and the Secret holds no PGP key' };
  const { createMessage, readSignature, verify } = await import('openpgp');
  try {
    const signature = await readSignature({ armoredSignature: armored });
    const message = await createMessage({ binary: new Uint8Array(payload) });
    const { signatures } = await verify({ message, signature, verificationKeys: [...pgp], format: 'binary' });
    for (const { keyID, verified } of signatures) {
      if (!(await verified.catch(() => false))) continue;
      const owner = pgp.find((key) => key.getKeys(keyID).length > 0);
      return { key: (owner?.getKeyID() ?? keyID).toHex().toUpperCase() };
    }
    return { problem: UNTRUSTED };
  } catch {
    // The library's message may quote what it read.
    return { problem: UNTRUSTED };
  }
}

function invalid(reason: string, message: string): HawserError {
  return new HawserError('SIGNATURE_INVALID', message, { reason });
}
