import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { inspect } from 'node:util';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import { parseKubeconfig } from '../../../src/kube/parse-kubeconfig.ts';

const NAME = 'Secret/apps/remote';
const [CERTIFICATE = ''] = rootCertificates;
const { privateKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

function toBase64(text: string): string {
  return Buffer.from(text).toString('base64');
}

interface Parts {
  readonly cluster?: unknown;
  readonly user?: unknown;
  readonly rest?: object;
}

/** JSON, because JSON is YAML; what is given replaces fields of a kubeconfig that is right. */
function makeKubeconfig({ cluster = {}, user = { token: 'canary-token' }, rest = {} }: Parts = {}): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: 'https://remote.example.com:6443', ...(cluster as object) } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'ignored' } }],
    'current-context': 'x',
    ...rest,
  });
}

const ACCEPTED: readonly { name: string; given: string; want: { server: string; headers: object; tls: object } }[] = [
  {
    name: 'a token becomes a bearer header',
    given: makeKubeconfig({ user: { token: 'canary-token\n' } }),
    want: {
      server: 'https://remote.example.com:6443/',
      headers: { authorization: 'Bearer canary-token' },
      tls: {},
    },
  },
  {
    name: 'authority, server name and a path in front of the API are kept',
    given: makeKubeconfig({
      cluster: {
        server: 'https://rancher.example.com/k8s/clusters/c-1',
        'certificate-authority-data': toBase64(CERTIFICATE),
        'tls-server-name': 'kubernetes',
        'disable-compression': true,
        'insecure-skip-tls-verify': false,
      },
    }),
    want: {
      server: 'https://rancher.example.com/k8s/clusters/c-1',
      headers: { authorization: 'Bearer canary-token' },
      tls: { ca: CERTIFICATE, servername: 'kubernetes' },
    },
  },
  {
    name: 'a user name and its password become a basic header',
    given: makeKubeconfig({ user: { username: 'admin', password: 'canary-password' } }),
    want: {
      server: 'https://remote.example.com:6443/',
      headers: { authorization: `Basic ${toBase64('admin:canary-password')}` },
      tls: {},
    },
  },
  {
    name: 'only the current context counts, whatever else the file holds',
    given: makeKubeconfig({
      rest: {
        users: [
          { name: 'other', user: { exec: { command: 'sh' } } },
          { name: 'u', user: { token: 'canary-token' } },
        ],
      },
    }),
    want: {
      server: 'https://remote.example.com:6443/',
      headers: { authorization: 'Bearer canary-token' },
      tls: {},
    },
  },
];

for (const { name, given, want } of ACCEPTED) {
  test(name, () => {
    const { server, credentials } = parseKubeconfig(given, NAME);

    assert.deepEqual({ server: server.href, ...credentials }, want);
  });
}

const REFUSED: readonly { name: string; given: string; want: RegExp }[] = [
  {
    name: 'an exec plugin is never run',
    given: makeKubeconfig({ user: { exec: { command: 'canary-command' }, token: 'canary-token' } }),
    want: /has the field exec, which is not supported: no program is run for a kubeconfig from a Secret/,
  },
  {
    name: 'an auth provider is refused',
    given: makeKubeconfig({ user: { 'auth-provider': { name: 'oidc' } } }),
    want: /has the field auth-provider, .*no provider is asked/,
  },
  {
    name: 'a token file is not read',
    given: makeKubeconfig({ user: { tokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token' } }),
    want: /has the field tokenFile, .*set token$/,
  },
  {
    name: 'a certificate file is not read',
    given: makeKubeconfig({ user: { 'client-certificate': '/etc/canary.crt' } }),
    want: /has the field client-certificate, .*set client-certificate-data$/,
  },
  {
    name: 'a key file is not read',
    given: makeKubeconfig({ user: { 'client-key': '/etc/canary.key' } }),
    want: /has the field client-key, .*set client-key-data$/,
  },
  {
    name: 'an authority file is not read',
    given: makeKubeconfig({ cluster: { 'certificate-authority': '/etc/canary.crt' } }),
    want: /has the field certificate-authority, .*set certificate-authority-data$/,
  },
  {
    name: 'an API server that need not prove who it is is refused',
    given: makeKubeconfig({ cluster: { 'insecure-skip-tls-verify': true } }),
    want: /has the field insecure-skip-tls-verify, .*must prove who it is/,
  },
  {
    name: 'a proxy is refused',
    given: makeKubeconfig({ cluster: { 'proxy-url': 'http://canary.example.com' } }),
    want: /has the field proxy-url, .*called directly$/,
  },
  {
    name: 'impersonation belongs into the Kustomization',
    given: makeKubeconfig({ user: { token: 'canary-token', as: 'canary-admin' } }),
    want: /has the field as, .*use spec.serviceAccountName$/,
  },
  {
    name: 'a field that nobody knows is refused by name',
    given: makeKubeconfig({ user: { token: 'canary-token', passport: 'canary-passport' } }),
    want: /has the field passport, which is not supported: remove it$/,
  },
  {
    name: 'what may be a value in a wrong place is not repeated',
    given: makeKubeconfig({ user: { 'eyJhbGciOi.canary.sig': true } }),
    want: /has a field, which is not supported/,
  },
  {
    name: 'a server without TLS is refused, on the loopback interface too',
    given: makeKubeconfig({ cluster: { server: 'http://127.0.0.1:8080' } }),
    want: /the cluster's server is not an https URL$/,
  },
  { name: 'a server must be a URL', given: makeKubeconfig({ cluster: { server: 'canary' } }), want: /is not a URL$/ },
  {
    name: 'a server is refused that carries a password',
    given: makeKubeconfig({ cluster: { server: 'https://me:canary@remote.example.com' } }),
    want: /holds a user name or password/,
  },
  {
    name: 'a server is refused that carries a query',
    given: makeKubeconfig({ cluster: { server: 'https://remote.example.com/?canary=' } }),
    want: /has a query or a fragment$/,
  },
  {
    name: 'a kubeconfig needs a current context',
    given: makeKubeconfig({ rest: { 'current-context': '' } }),
    want: /has no current-context$/,
  },
  {
    name: 'the current context must be there',
    given: makeKubeconfig({ rest: { 'current-context': 'canary' } }),
    want: /names a context that is not among its contexts$/,
  },
  {
    name: 'the cluster of the context must be there',
    given: makeKubeconfig({ rest: { clusters: [] } }),
    want: /names a cluster that is not among its clusters$/,
  },
  {
    name: 'the user of the context must be there',
    given: makeKubeconfig({ rest: { users: 'canary' } }),
    want: /names a user that is not among its users$/,
  },
  {
    name: 'a user must be a mapping',
    given: makeKubeconfig({ user: ['canary'] }),
    want: /the user of .* is not a mapping$/,
  },
  {
    name: 'a user needs credentials',
    given: makeKubeconfig({ user: {} }),
    want: /user has no credentials: give it a token/,
  },
  { name: 'a token must be a text', given: makeKubeconfig({ user: { token: 123456 } }), want: /token is not a text$/ },
  {
    name: 'a token cannot bring headers of its own',
    given: makeKubeconfig({ user: { token: 'canary\r\nimpersonate-user: system:admin' } }),
    want: /token holds a space or a control character$/,
  },
  {
    name: 'a certificate needs its key',
    given: makeKubeconfig({ user: { 'client-certificate-data': toBase64(CERTIFICATE) } }),
    want: /needs both, client-certificate-data and client-key-data/,
  },
  {
    name: 'a key must belong to its certificate',
    given: makeKubeconfig({
      user: { 'client-certificate-data': toBase64(CERTIFICATE), 'client-key-data': toBase64(privateKey) },
    }),
    want: /the certificates or the key cannot be used: /,
  },
  {
    name: 'an authority must be PEM',
    given: makeKubeconfig({ cluster: { 'certificate-authority-data': toBase64('canary') } }),
    want: /certificate-authority-data is not PEM in base64$/,
  },
  {
    name: 'an authority must be a certificate',
    given: makeKubeconfig({
      cluster: {
        'certificate-authority-data': toBase64('-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----\n'),
      },
    }),
    want: /the certificates or the key cannot be used: /,
  },
  {
    name: 'a mistake in the YAML is located, not quoted',
    given: 'apiVersion: v1\nusers:\n- name: u\n  user: {token: canary-token\n',
    want: /the kubeconfig is not valid YAML \(line 5\)$/,
  },
  { name: 'a text is no kubeconfig', given: '"canary"', want: /the kubeconfig is not a mapping$/ },
  { name: 'nothing is no kubeconfig', given: '', want: /the kubeconfig is not valid YAML$/ },
];

for (const { name, given, want } of REFUSED) {
  test(name, () => {
    const error = refusalOf(given);

    assert.match(error.message, new RegExp(`^${NAME}: `));
    assert.match(error.message, want);
    assert.doesNotMatch(inspect(error), /canary/);
  });
}

function refusalOf(text: string): HawserError {
  try {
    parseKubeconfig(text, NAME);
  } catch (error) {
    assert.ok(error instanceof HawserError && error.code === 'KUBE_ACCESS_INVALID', inspect(error));
    return error;
  }
  assert.fail('it was accepted');
}
