import type { ErrorCode } from '../errors/codes.ts';
import { HawserError } from '../errors/hawser-error.ts';
import type { SshAddress } from './ssh-address.ts';
import { toRemoteError } from './to-remote-error.ts';

const LONGEST_TEXT = 300;

interface Translation {
  readonly code: ErrorCode;
  readonly message: string;
}

/** What OpenSSH's client says, most telling first, in the words that Flux uses for the same. */
const TRANSLATIONS: readonly (readonly [pattern: RegExp, translation: Translation])[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    { code: 'GIT_HOST_KEY_UNTRUSTED', message: 'ssh: handshake failed: knownhosts: key mismatch' },
  ],
  [
    /marked as revoked|REVOKED HOST KEY/i,
    { code: 'GIT_HOST_KEY_UNTRUSTED', message: "ssh: the host's key is revoked" },
  ],
  [
    /host key is known for|Host key verification failed/,
    { code: 'GIT_HOST_KEY_UNTRUSTED', message: 'ssh: handshake failed: knownhosts: key is unknown' },
  ],
  [
    /Load key .*(?:invalid format|error in libcrypto|unsupported|Unknown)/,
    { code: 'GIT_AUTHENTICATION_FAILED', message: "ssh: 'identity' is a private key that cannot be read" },
  ],
  [
    /Permission denied|Too many authentication failures/,
    { code: 'GIT_AUTHENTICATION_FAILED', message: 'ssh: handshake failed: ssh: unable to authenticate' },
  ],
  [
    /No user exists for uid/,
    {
      code: 'GIT_PROTOCOL_UNSUPPORTED',
      message:
        'ssh runs only as a user that the system knows: run Hawser as the user of its image, or give its uid a name',
    },
  ],
  [/Could not resolve hostname/, { code: 'GIT_UNREACHABLE', message: 'ssh: no such host' }],
  [/Connection refused/, { code: 'GIT_UNREACHABLE', message: 'ssh: connection refused' }],
  [
    /timed out|Timeout, server|not responding/,
    { code: 'GIT_UNREACHABLE', message: 'ssh: the server did not answer in time' },
  ],
  [
    /Unable to negotiate/,
    {
      code: 'GIT_PROTOCOL_UNSUPPORTED',
      message: 'ssh: the server offers only algorithms that are not secure any more',
    },
  ],
  [
    /Connection (?:closed|reset)|closed by remote host|Broken pipe/,
    { code: 'GIT_UNREACHABLE', message: 'ssh: the connection was closed' },
  ],
];

/** Translates what ssh, or the program that it ran on the other side, wrote to its error output. */
export function toSshError(text: string, { host, port }: Pick<SshAddress, 'host' | 'port'>): HawserError {
  const found = TRANSLATIONS.find(([pattern]) => pattern.test(text))?.[1];
  if (!found) return toRemoteError(withoutNoise(text) || 'nothing; the connection was closed');
  if (found.code !== 'GIT_HOST_KEY_UNTRUSTED') return new HawserError(found.code, found.message);
  const shown = /SHA256:[A-Za-z0-9+/=]+/.exec(text)?.[0];
  return new HawserError(
    found.code,
    `${found.message} (host ${host}, port ${port}${shown === undefined ? '' : `, it shows ${shown}`})`,
  );
}

/** Hosts prefix their words; a banner or a warning says nothing about the failure. */
function withoutNoise(text: string): string {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.replace(/^(?:remote: ?|ERROR: ?|fatal: ?)+/i, '').trim())
    .filter((line) => line !== '' && !/^(?:Warning:|=+$|-+$)/.test(line));
  return lines.join(' ').slice(0, LONGEST_TEXT);
}
