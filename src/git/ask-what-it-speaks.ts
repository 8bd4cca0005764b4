import { HawserError } from '../errors/hawser-error.ts';
import { checkStatus } from './check-status.ts';
import type { GitAnswer, Transport } from './create-transport.ts';
import { isOfType, isRedirect } from './git-answer.ts';
import { type GitRemote, toPlainUrl } from './git-remote.ts';
import { type Advertisement, parseAdvertisement } from './protocol-v1.ts';
import type { WantedRefs } from './ref-list.ts';

const MAX_REDIRECTS = 3;
const UPLOAD_PACK = 'git-upload-pack';

/**
 * Asks a remote which protocol it speaks, and where: redirects are followed within the origin. Throws
 * GIT_PROTOCOL_UNSUPPORTED for what this client cannot work with.
 */
export async function askWhatItSpeaks(
  { transport, remote, refs }: { transport: Transport; remote: GitRemote; refs: WantedRefs },
  signal: AbortSignal,
): Promise<{ base: string; advertisement: Advertisement }> {
  const suffix = `/info/refs?service=${UPLOAD_PACK}`;
  let url = `${toPlainUrl(remote.url)}${suffix}`;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const answer = await transport.send(
      { remote, method: 'GET', url, headers: { 'git-protocol': 'version=2' } },
      signal,
    );
    if (isRedirect(answer)) {
      url = followRedirect(url, answer);
      continue;
    }
    checkStatus(answer);
    if (!isOfType(answer, `application/x-${UPLOAD_PACK}-advertisement`)) throw unsupported('dumb HTTP');
    const advertisement = parseAdvertisement(answer.body, refs);
    checkSupported(advertisement);
    return { base: url.endsWith(suffix) ? url.slice(0, -suffix.length) : toPlainUrl(remote.url), advertisement };
  }
  throw new HawserError(
    'GIT_PROTOCOL_UNSUPPORTED',
    `more than ${MAX_REDIRECTS} redirects: set spec.url to the final URL`,
  );
}

/** Credentials are sent with every request, so a redirect may not lead to another origin. */
function followRedirect(from: string, { headers }: GitAnswer): string {
  const location = String(headers.location ?? '');
  const to = URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (to?.origin === new URL(from).origin) return to.href;
  const where = to ? toPlainUrl(to.href).replace(/\/info\/refs$/, '') : 'nowhere';
  throw new HawserError(
    'GIT_PROTOCOL_UNSUPPORTED',
    `the server redirects to '${where}', which is not followed: set spec.url to it if you trust it`,
  );
}

/** Throws GIT_PROTOCOL_UNSUPPORTED for a server that this client cannot work with. */
export function checkSupported(advertisement: Advertisement): void {
  const { capabilities } = advertisement;
  if (capabilities.has('object-format=sha256')) throw unsupported('SHA-256 object ids');
  if (advertisement.version === 1 && advertisement.isEmpty) return;
  const fetchFeatures = [...capabilities].find((name) => name.startsWith('fetch='))?.slice('fetch='.length) ?? '';
  const features = advertisement.version === 2 ? new Set(fetchFeatures.split(' ')) : capabilities;
  if (!features.has('shallow')) throw unsupported('fetches without shallow history');
}

function unsupported(what: string): HawserError {
  return new HawserError(
    'GIT_PROTOCOL_UNSUPPORTED',
    `the server offers only ${what}, which is not supported: use a repository served by smart HTTP or SSH, with SHA-1 and shallow fetches`,
  );
}
