import { Secret } from '../errors/secret.ts';
import type { SecretData } from './secret-data.ts';

/** The proxy that stands between Hawser and a Git server. */
export interface GitProxy {
  /** `http:`, `https:` or `socks5:`; without user and password. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: Secret | undefined;
}

const PROTOCOLS: ReadonlySet<string> = new Set(['http:', 'https:', 'socks5:']);

/** Reads `address`, `username` and `password` of the Secret that spec.proxySecretRef names. */
export function readProxy(secret: SecretData): GitProxy {
  const address = secret.line('address');
  if (address === undefined) throw secret.complain(`the key 'address' is missing or empty`);
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || url.hostname === '' || !PROTOCOLS.has(url.protocol)) {
    throw secret.complain(`the value of 'address' is no URL such as http://proxy:3128, https://… or socks5://…`);
  }
  if (url.username !== '' || url.password !== '') {
    throw secret.complain(`put user name and password of 'address' into the keys 'username' and 'password'`);
  }
  const username = secret.line('username');
  const password = secret.line('password');
  if (username === undefined && password !== undefined)
    throw secret.complain(`'password' requires 'username' to be set`);
  return {
    url: `${url.protocol}//${url.host}`,
    ...(username !== undefined && { username, password: new Secret(password ?? '') }),
  };
}
