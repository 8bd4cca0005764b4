import { rememberSecretValue } from '../errors/redact.ts';
import { Secret } from '../errors/secret.ts';
import type { SecretData } from './secret-data.ts';

/** A user name and password, or a token, as HTTP sends them. */
export type HttpLogin =
  | { readonly kind: 'basic'; readonly username: string; readonly password: Secret }
  | { readonly kind: 'bearer'; readonly token: Secret }
  | { readonly kind: 'github-app'; readonly token: Secret }
  | { readonly kind: 'azure'; readonly token: Secret }
  /** The token is user name and password, with a colon between them. */
  | { readonly kind: 'aws'; readonly token: Secret };

/** Reads `bearerToken`, which wins, or `username` and `password`; undefined if the Secret holds neither. */
export function readHttpLogin(secret: SecretData): HttpLogin | undefined {
  if (secret.has('bearerToken')) {
    const token = secret.line('bearerToken');
    if (token === undefined) throw secret.complain(`the key 'bearerToken' is empty`);
    return { kind: 'bearer', token: new Secret(token) };
  }
  const username = secret.line('username');
  const password = secret.line('password');
  if (username === undefined && password === undefined) return undefined;
  if (username === undefined) {
    throw secret.complain(`invalid 'https' auth option: 'password' requires 'username' to be set`);
  }
  if (password === undefined) rememberSecretValue(username); // some hosts take a token for a user name
  return { kind: 'basic', username, password: new Secret(password ?? '') };
}
