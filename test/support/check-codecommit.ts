import { createHash, createHmac } from 'node:crypto';
import { SECRET_KEY, SESSION_TOKEN } from './start-sts.ts';

interface SignedFor {
  readonly host: string;
  readonly path: string;
  readonly region: string;
}

const LONGEST_AGE_MS = 15 * 60_000;

/** True if a header Authorization is what CodeCommit takes of a session of the token service, for this repository. */
export function isLoginToCodeCommit(header: string, { host, path, region }: SignedFor): boolean {
  const login = Buffer.from(header.replace('Basic ', ''), 'base64').toString('utf8');
  const [, token, time = '', signature] = /^ASIACANARY\d+%([^:]+):(\d{8}T\d{6})Z([0-9a-f]{64})$/.exec(login) ?? [];
  const [, year, month, day, hour, minute, second] = /^(....)(..)(..)T(..)(..)(..)$/.exec(time) ?? [];
  const age = Date.now() - Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  const hash = createHash('sha256').update(`GIT\n${path}\n\nhost:${host}\n\nhost\n`).digest('hex');
  const date = time.slice(0, 8);
  const text = `AWS4-HMAC-SHA256\n${time}\n${date}/${region}/codecommit/aws4_request\n${hash}`;
  const hmac = (key: Buffer | string, part: string) => createHmac('sha256', key).update(part).digest();
  const key = hmac(hmac(hmac(hmac(`AWS4${SECRET_KEY}`, date), region), 'codecommit'), 'aws4_request');
  return token === SESSION_TOKEN && age < LONGEST_AGE_MS && signature === hmac(key, text).toString('hex');
}
