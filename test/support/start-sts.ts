import type { JsonWebKey } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { readAssertion } from './assertions.ts';
import { type Certificates, makeCertificates } from './make-certificates.ts';
import { readText } from './read-text.ts';

/** Whom a role trusts. */
export interface TrustPolicy {
  readonly roleArn: string;
  readonly issuer: string;
  readonly subject: string;
}

/** The token service of AWS, as far as web identities go. */
export interface Sts {
  /** `https://127.0.0.1:<port>`, known to nobody but who trusts the authority. */
  readonly url: string;
  readonly certificates: Certificates;
  /** What was asked, as `<method> <path> <session>`. */
  readonly requests: readonly string[];
  /** Tokens of Kubernetes that were shown. */
  readonly assertions: readonly string[];
  /** Answers this instead, to everything. */
  fault?: { readonly status: number; readonly headers?: Record<string, string>; readonly body: string } | undefined;
  stop(): Promise<void>;
}

interface StsOptions {
  readonly policies: readonly TrustPolicy[];
  /** Public keys of the issuers. */
  readonly keys: readonly JsonWebKey[];
  readonly certificates?: Certificates;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** The secret key of every session. */
export const SECRET_KEY = 'canary/secret+key0123456789';
export const SESSION_TOKEN = 'canary//session+token0123456789==';

/**
 * AssumeRoleWithWebIdentity, holding to what its documentation demands:
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
export async function startSts(options: StsOptions): Promise<Sts> {
  const certificates = options.certificates ?? (await makeCertificates());
  const requests: string[] = [];
  const assertions: string[] = [];
  const respond = async (request: IncomingMessage) => {
    const form = new URLSearchParams(await readText(request));
    requests.push(`${request.method} ${request.url} ${form.get('RoleSessionName')}`);
    assertions.push(form.get('WebIdentityToken') ?? '');
    if (sts.fault) return { headers: {}, ...sts.fault };
    const refusal = refuse(form, options);
    const headers = { 'content-type': 'text/xml' };
    if (refusal) return { status: 400, headers, body: toErrorXml(refusal, requests.length) };
    const end = new Date((options.now ?? Date.now)() + 3_600_000);
    return { status: 200, headers, body: toXml(`ASIACANARY${requests.length}`, end) };
  };
  const server = createServer({ ...certificates.server }, (request, response) => {
    respond(request).then(
      ({ status, headers, body }) => response.writeHead(status, headers).end(body),
      () => response.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sts: Sts = {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    certificates,
    requests,
    assertions,
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return sts;
}

function refuse(
  form: URLSearchParams,
  { policies, keys, now }: StsOptions,
): [code: string, message: string] | undefined {
  if (form.get('Action') !== 'AssumeRoleWithWebIdentity' || form.get('Version') !== '2011-06-15') {
    return ['InvalidAction', `Could not find operation ${form.get('Action')} for version ${form.get('Version')}`];
  }
  if (!/^[\w+=,.@-]{2,64}$/.test(form.get('RoleSessionName') ?? '')) {
    return ['ValidationError', "Value at 'roleSessionName' failed to satisfy constraint"];
  }
  const claims = readAssertion(form.get('WebIdentityToken') ?? '', keys);
  if (!claims) return ['InvalidIdentityToken', 'Couldn&apos;t retrieve verification key from your identity provider'];
  if (claims.exp * 1_000 <= (now ?? Date.now)()) return ['ExpiredTokenException', 'Token expired'];
  if (![claims.aud].flat().includes('sts.amazonaws.com')) return ['InvalidIdentityToken', 'Incorrect token audience'];
  const trusts = policies.some(
    ({ roleArn, issuer, subject }) =>
      roleArn === form.get('RoleArn') && issuer === claims.iss && subject === claims.sub,
  );
  return trusts ? undefined : ['AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity'];
}

function toXml(accessKeyId: string, end: Date): string {
  return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <Audience>sts.amazonaws.com</Audience>
    <Credentials>
      <SessionToken>${SESSION_TOKEN}</SessionToken>
      <SecretAccessKey>${SECRET_KEY}</SecretAccessKey>
      <Expiration>${end.toISOString().replace('.000Z', 'Z')}</Expiration>
      <AccessKeyId>${accessKeyId}</AccessKeyId>
    </Credentials>
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata><RequestId>ad4156e9-bce1-11e2-82e6-6b6efEXAMPLE</RequestId></ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>`;
}

function toErrorXml([code, message]: [string, string], id: number): string {
  return `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>${code}</Code>
    <Message>${message}</Message>
  </Error>
  <RequestId>request-${id}</RequestId>
</ErrorResponse>`;
}
