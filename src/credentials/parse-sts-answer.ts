import { Secret } from '../errors/secret.ts';
import type { AwsCredentials } from './sign-codecommit.ts';

const LONGEST_MESSAGE = 400;

/**
 * The credentials in an answer to AssumeRoleWithWebIdentity, with their end in milliseconds since the epoch; undefined if
 * it holds none. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
export function parseStsCredentials(text: string): { credentials: AwsCredentials; expiresAt: number } | undefined {
  const accessKeyId = read(text, 'AccessKeyId', /^\w{1,128}$/);
  const secretAccessKey = read(text, 'SecretAccessKey', /^[\w+/=]{1,256}$/);
  const sessionToken = read(text, 'SessionToken', /^[\w+/=-]+$/);
  const expiresAt = Date.parse(read(text, 'Expiration', /^[\d:.TZ+-]+$/) ?? '');
  if (!accessKeyId || !secretAccessKey || !sessionToken || !Number.isFinite(expiresAt)) return undefined;
  const secrets = { secretAccessKey: new Secret(secretAccessKey), sessionToken: new Secret(sessionToken) };
  return { credentials: { accessKeyId, ...secrets }, expiresAt };
}

/** What the service says of a refusal, in one line: `<code>: <message>`. Its id of the request, new each time, is left out. */
export function parseStsError(text: string): { readonly code: string; readonly description: string } {
  const code = read(text, 'Code', /^\w{1,100}$/) ?? '';
  const message = (read(text, 'Message', /^/) ?? '').replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return { code, description: [code, message].filter(Boolean).join(': ').slice(0, LONGEST_MESSAGE) };
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

/** The text of the first element of this name. */
function read(text: string, name: string, form: RegExp): string | undefined {
  const start = text.indexOf(`<${name}>`) + name.length + 2;
  const end = text.indexOf(`</${name}>`, start);
  if (start === name.length + 1 || end < 0) return undefined;
  const value = text.slice(start, end).trim();
  const plain = value.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => ENTITIES[entity] ?? '');
  return form.test(plain) ? plain : undefined;
}
