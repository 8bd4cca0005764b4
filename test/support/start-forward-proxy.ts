import { createServer, type IncomingMessage, request as send } from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What a proxy was asked: `CONNECT host:port`, or a method and an absolute URL. */
export interface ProxyRequest {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
}

export interface ForwardProxy {
  readonly url: string;
  readonly requests: readonly ProxyRequest[];
  stop(): Promise<void>;
}

interface Login {
  readonly username: string;
  readonly password: string;
}

/**
 * An HTTP proxy on a free loopback port that forwards, tunnels, and demands a login if one is given. Tunnels to what
 * `routes` names (`host:port`) end at the URL that stands there.
 */
export async function startForwardProxy(
  login?: Login,
  routes: Readonly<Record<string, string>> = {},
): Promise<ForwardProxy> {
  const requests: ProxyRequest[] = [];
  const wanted = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
  const isWelcome = ({ headers }: IncomingMessage) => !wanted || headers['proxy-authorization'] === wanted;
  const server = createServer((request, response) => {
    requests.push({ line: `${request.method} ${request.url}`, headers: request.headers });
    if (!isWelcome(request)) return void response.writeHead(407).end();
    const { 'proxy-authorization': _, ...headers } = request.headers;
    const onward = send(request.url ?? '', { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.on('connect', (request: IncomingMessage, client: Duplex) => {
    requests.push({ line: `CONNECT ${request.url}`, headers: request.headers });
    if (!isWelcome(request)) return void client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const { hostname, port } = new URL(routes[request.url ?? ''] ?? `tunnel://${request.url}`);
    join(
      client,
      net.connect(Number(port), hostname, () => client.write('HTTP/1.1 200 OK\r\n\r\n')),
    );
  });
  return listen(server, requests, 'http');
}

/** A SOCKS5 proxy (connect only) that demands a login if one is given. */
export async function startSocksProxy(login?: Login): Promise<ForwardProxy> {
  const requests: ProxyRequest[] = [];
  const server = net.createServer((client) => {
    client.on('error', () => client.destroy());
    serveSocks(client, login, (line) => requests.push({ line, headers: {} })).catch(() => client.destroy());
  });
  return listen(server, requests, 'socks5');
}

async function serveSocks(client: Socket, login: Login | undefined, note: (line: string) => void): Promise<void> {
  const method = login ? 2 : 0;
  const [, count = 0] = await read(client, 2);
  const offered = await read(client, count);
  client.write(Buffer.from([5, offered.includes(method) ? method : 0xff]));
  if (login) {
    await read(client, 1);
    const username = (await read(client, (await read(client, 1))[0] ?? 0)).toString();
    const password = (await read(client, (await read(client, 1))[0] ?? 0)).toString();
    const isRight = username === login.username && password === login.password;
    client.write(Buffer.from([1, isRight ? 0 : 1]));
    if (!isRight) return void client.end();
  }
  const [, , , type = 0] = await read(client, 4);
  const host =
    type === 1
      ? [...(await read(client, 4))].join('.')
      : (await read(client, (await read(client, 1))[0] ?? 0)).toString();
  const port = (await read(client, 2)).readUInt16BE();
  note(`CONNECT ${host}:${port}`);
  const target = net.connect(port, host);
  target.once('error', () => client.end(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])));
  target.once('connect', () => {
    client.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
    join(client, target);
  });
}

function join(client: Duplex, target: Socket): void {
  target.on('error', () => client.destroy());
  client.on('error', () => target.destroy());
  client.on('close', () => target.destroy());
  target.on('close', () => client.destroy());
  client.pipe(target);
  target.pipe(client);
}

async function read(socket: Socket, bytes: number): Promise<Buffer> {
  for (;;) {
    const chunk = socket.read(bytes) as Buffer | null;
    if (chunk) return chunk;
    await new Promise<void>((resolve, reject) => {
      socket.once('readable', resolve);
      socket.once('close', () => reject(new Error('closed')));
    });
  }
}

async function listen(server: net.Server, requests: readonly ProxyRequest[], scheme: string): Promise<ForwardProxy> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
