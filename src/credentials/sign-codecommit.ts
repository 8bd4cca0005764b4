import { createHash, createHmac } from 'node:crypto';
import { Secret } from '../errors/secret.ts';

/** Temporary credentials of a role. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret | undefined;
}

interface SignedRequest {
  readonly url: string;
  readonly region: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The same login for so long, because polls are shared by those whose logins are equal; CodeCommit takes one for 15 minutes. */
const STEP_MS = 2 * 60_000;

/**
 * User name and password for a repository of CodeCommit, with a colon between them, as the helper of Amazon's command
 * line makes them: a signature (version 4) of the repository's path by the method GIT. The secret key stays here.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function signCodeCommit(credentials: AwsCredentials, { url, region, now }: SignedRequest): Secret {
  const { hostname, pathname } = new URL(url);
  const time = new Date(now - (now % STEP_MS)).toISOString().replace(/[-:]|\.\d+Z$/g, '');
  const date = time.slice(0, 8);
  const request = `GIT\n${pathname}\n\nhost:${hostname}\n\nhost\n`;
  const scope = [date, region, 'codecommit', 'aws4_request'];
  const digest = createHash('sha256').update(request).digest('hex');
  const text = ['AWS4-HMAC-SHA256', time, scope.join('/'), digest].join('\n');
  let key: Buffer = Buffer.from(`AWS4${credentials.secretAccessKey.reveal()}`);
  for (const part of scope) key = sign(key, part);
  const session = credentials.sessionToken ? `%${credentials.sessionToken.reveal()}` : '';
  return new Secret(`${credentials.accessKeyId}${session}:${time}Z${sign(key, text).toString('hex')}`);
}

function sign(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
