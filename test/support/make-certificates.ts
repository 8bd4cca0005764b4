import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority of its own with a server's certificate for 127.0.0.1, maybe for more hosts, and a client's; all in PEM. */
export interface Certificates {
  readonly ca: string;
  readonly server: Certificate;
  readonly client: Certificate;
}

/** Makes an authority and what it signs, by openssl. */
export async function makeCertificates(hosts: readonly string[] = []): Promise<Certificates> {
  const directory = await mkdtemp(join(tmpdir(), 'hawser-certificates-'));
  const openssl = (...args: string[]) => run('openssl', args, { cwd: directory });
  const read = (name: string) => readFile(join(directory, name), 'utf8');
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const sign = async (name: string, extensions: string): Promise<Certificate> => {
    await writeFile(join(directory, `${name}.ext`), extensions);
    await openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`];
    await openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-days', '2', '-out', `${name}.crt`);
    return { cert: await read(`${name}.crt`), key: await read(`${name}.key`) };
  };
  try {
    await openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', '/CN=ca');
    const names = ['IP:127.0.0.1', ...hosts.map((host) => `DNS:${host}`)].join(',');
    const server = await sign('server', `subjectAltName=${names}\nextendedKeyUsage=serverAuth\n`);
    const client = await sign('client', 'extendedKeyUsage=clientAuth\n');
    return { ca: await read('ca.crt'), server, client };
  } finally {
    await rm(directory, { recursive: true });
  }
}
