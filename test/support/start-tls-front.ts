import { once } from 'node:events';
import { request as forward, type IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Certificates, makeCertificates } from './make-certificates.ts';

export interface TlsFront {
  /** `https://127.0.0.1:<port>`, known to nobody but who trusts the authority. */
  readonly url: string;
  readonly certificates: Certificates;
  stop(): Promise<void>;
}

interface FrontOptions {
  /** Where requests are passed on to, as plain HTTP. */
  readonly to: string;
  /** Turns a path into the one of the server behind. */
  readonly toPath?: (path: string) => string;
  /** Answers a request itself, with JSON; undefined passes it on. */
  readonly answer?: (request: IncomingMessage) => object | undefined;
}

/** An HTTPS server of an authority of its own before a plain one. */
export async function startTlsFront({ to, toPath = (path) => path, answer }: FrontOptions): Promise<TlsFront> {
  const certificates = await makeCertificates();
  const server = createServer({ ...certificates.server, ca: certificates.ca }, (request, response) => {
    const own = answer?.(request);
    if (own) return void response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(own));
    const { method, headers, url = '/' } = request;
    const onward = forward(`${to}${toPath(url)}`, { method, headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    certificates,
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
