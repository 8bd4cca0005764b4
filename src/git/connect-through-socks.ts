import net, { isIPv4, isIPv6, type Socket } from 'node:net';
import { buildConnector } from 'undici';
import type { GitProxy } from '../credentials/read-proxy.ts';

const VERSION = 5;
const NO_LOGIN = 0;
const USERNAME_PASSWORD = 2;
const CONNECT = 1;
const IPV4 = 1;
const DOMAIN = 3;
const IPV6 = 4;
const DEFAULT_PORT = 1080;
const LONGEST_FIELD = 255;

const REFUSALS: Readonly<Record<number, string>> = {
  1: 'general failure',
  2: 'not allowed',
  3: 'network unreachable',
  4: 'host unreachable',
  5: 'connection refused',
};

/** Connects through a SOCKS5 proxy (RFC 1928, RFC 1929), which resolves the host's name; TLS is spoken with the host. */
export function connectThroughSocks(
  proxy: GitProxy,
  options: buildConnector.BuildOptions & { timeout: number },
): buildConnector.connector {
  const secure = buildConnector({ ...options, allowH2: false });
  return (target, callback) => {
    openTunnel(proxy, target, options.timeout).then(
      (socket) => {
        if (target.protocol === 'https:') secure({ ...target, httpSocket: socket }, callback);
        else callback(null, socket);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null),
    );
  };
}

async function openTunnel(
  proxy: GitProxy,
  { hostname, port, protocol }: { hostname: string; port: string; protocol: string },
  timeoutMs: number,
): Promise<Socket> {
  const { hostname: proxyHost, port: proxyPort } = new URL(proxy.url);
  const socket = net.connect({ host: withoutBrackets(proxyHost), port: Number(proxyPort) || DEFAULT_PORT });
  const deadline = setTimeout(() => socket.destroy(new Error('the proxy did not answer in time')), timeoutMs);
  try {
    socket.setNoDelay(true);
    await greet(socket, proxy);
    await requestTunnel(socket, hostname, Number(port) || (protocol === 'https:' ? 443 : 80));
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(deadline);
  }
}

async function greet(socket: Socket, { username, password }: GitProxy): Promise<void> {
  const method = username === undefined ? NO_LOGIN : USERNAME_PASSWORD;
  socket.write(Buffer.from([VERSION, 1, method]));
  const chosen = await readExactly(socket, 2);
  if (chosen[0] !== VERSION || chosen[1] !== method) {
    throw new Error(`the proxy wants ${username === undefined ? 'a' : 'another'} login, or is no SOCKS5 proxy`);
  }
  if (username === undefined) return;
  const fields = [username, password?.reveal() ?? ''].map(toField);
  socket.write(Buffer.concat([Buffer.from([1]), ...fields]));
  const [, status] = await readExactly(socket, 2);
  if (status !== 0) throw new Error('the proxy refuses user name or password');
}

async function requestTunnel(socket: Socket, hostname: string, port: number): Promise<void> {
  const to = Buffer.alloc(2);
  to.writeUInt16BE(port);
  socket.write(Buffer.concat([Buffer.from([VERSION, CONNECT, 0]), toAddress(withoutBrackets(hostname)), to]));
  const [, status = 1, , type] = await readExactly(socket, 4);
  if (status !== 0) throw new Error(`the proxy cannot reach the host: ${REFUSALS[status] ?? `code ${status}`}`);
  const lengths: Readonly<Record<number, number>> = { [IPV4]: 4, [IPV6]: 16 };
  const addressBytes = lengths[type ?? 0] ?? (await readExactly(socket, 1))[0] ?? 0;
  await readExactly(socket, addressBytes + 2);
}

function toAddress(host: string): Buffer {
  if (isIPv4(host)) return Buffer.from([IPV4, ...host.split('.').map(Number)]);
  if (isIPv6(host)) return Buffer.concat([Buffer.from([IPV6]), ipv6Bytes(host)]);
  return Buffer.concat([Buffer.from([DOMAIN]), toField(host)]);
}

function ipv6Bytes(host: string): Buffer {
  const [head = '', tail] = host.split('::');
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const zeros = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array<string>(zeros).fill('0'), ...groups(tail)];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function toField(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > LONGEST_FIELD) throw new Error(`SOCKS5 allows at most ${LONGEST_FIELD} bytes for a name`);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** Reads no byte more than these: what follows belongs to whoever uses the tunnel. */
function readExactly(socket: Socket, bytes: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const take = () => {
    const chunk = socket.read(bytes) as Buffer | null;
    if (chunk !== null) resolve(chunk);
  };
  const fail = (error?: Error) => reject(error ?? new Error('the proxy closed the connection'));
  const end = () => fail();
  socket.on('readable', take).on('error', fail).on('close', end);
  take();
  return promise.finally(() => socket.off('readable', take).off('error', fail).off('close', end));
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}
