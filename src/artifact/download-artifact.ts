import { createHash } from 'node:crypto';
import { type Agent, type Dispatcher, request } from 'undici';
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import type { ArtifactLimits } from './artifact-limits.ts';
import { invalidArtifact } from './invalid-artifact.ts';
import type { ArtifactDigest } from './parse-digest.ts';

/** What to download, and what its bytes must hash to. */
export interface Download {
  readonly agent: Agent;
  readonly url: URL;
  readonly digest: ArtifactDigest;
  readonly limits: Pick<ArtifactLimits, 'responseBytes'>;
  readonly signal: AbortSignal;
}

type Answer = Dispatcher.ResponseData;

const MAX_REDIRECTS = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** A kept-alive connection may be closed by the server at any time, also just when it is used again. */
const STALE_CONNECTION: ReadonlySet<unknown> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/**
 * Downloads an artifact and verifies its digest. Throws ARTIFACT_NOT_FOUND, ARTIFACT_UNAVAILABLE or ARTIFACT_INVALID;
 * when the signal is aborted, its reason.
 */
export async function downloadArtifact(download: Download): Promise<readonly Buffer[]> {
  try {
    const answer = await ask(download, download.url, MAX_REDIRECTS);
    return await readVerified(answer, download);
  } catch (error) {
    download.signal.throwIfAborted();
    throw toDownloadError(error);
  }
}

function toDownloadError(error: unknown): HawserError {
  if (error instanceof HawserError) return error;
  return new HawserError('ARTIFACT_UNAVAILABLE', messageOf(error), { cause: error });
}

/** Redirects are followed on the same server only: an artifact's URL says who is asked, and nobody else is. */
async function ask(download: Download, url: URL, redirectsLeft: number): Promise<Answer> {
  const answer = await send(download, url).catch((error: unknown) => {
    if (download.signal.aborted || !isStaleConnection(error)) throw error;
    return send(download, url);
  });
  if (answer.statusCode === 200) return answer;
  await answer.body.dump();
  if (!REDIRECTS.has(answer.statusCode)) throw toStatusError(answer.statusCode);
  const target = resolveUrl(answer.headers.location, url);
  if (target?.origin !== url.origin) throw unavailable('the server redirects to another one, which is not followed');
  if (redirectsLeft === 0) throw unavailable('the server redirects again and again');
  return ask(download, target, redirectsLeft - 1);
}

function send({ agent, signal }: Download, url: URL): Promise<Answer> {
  return request(url, { dispatcher: agent, signal, headers: { 'user-agent': 'hawser' } });
}

function resolveUrl(location: string | string[] | undefined, base: URL): URL | undefined {
  return typeof location === 'string' ? (URL.parse(location, base.href) ?? undefined) : undefined;
}

function toStatusError(status: number): HawserError {
  if (status !== 404 && status !== 410) return unavailable(`the server answers with status ${status}`);
  return new HawserError('ARTIFACT_NOT_FOUND', 'the server no longer has it; its source will publish it again');
}

/** Hashes while the bytes come in, so that a large artifact blocks nothing at its end. */
async function readVerified({ headers, body }: Answer, { digest, limits }: Download): Promise<readonly Buffer[]> {
  if (Number(headers['content-length'] ?? 0) > limits.responseBytes) {
    body.destroy();
    throw tooLarge(limits.responseBytes);
  }
  const chunks: Buffer[] = [];
  const hash = createHash(digest.algorithm);
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limits.responseBytes) throw tooLarge(limits.responseBytes);
    hash.update(chunk);
    chunks.push(chunk);
  }
  if (hash.digest('hex') !== digest.hex) {
    // The file may have been replaced since its source was read; the next attempt reads the source again.
    throw new HawserError('ARTIFACT_INVALID', 'its digest is not the one that its source names', {
      disposition: 'retry',
    });
  }
  return chunks;
}

function isStaleConnection(error: unknown): boolean {
  return error instanceof Error && 'code' in error && STALE_CONNECTION.has(error.code);
}

function unavailable(cause: string): HawserError {
  return new HawserError('ARTIFACT_UNAVAILABLE', cause);
}

function tooLarge(limit: number): HawserError {
  return invalidArtifact(`it is larger than ${limit} bytes`);
}
