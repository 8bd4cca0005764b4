/**
 * The HTTP edge: three listeners, because their callers differ (DESIGN.md 6.6). This module receives, checks and
 * answers; what a delivery leads to, what is ready and where artifacts lie is handed in by main.
 */
import type { Socket } from 'node:net';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { HawserError } from '../errors/hawser-error.ts';
import { boundConnections } from './bound-connections.ts';
import { sendError, toErrorReply } from './error-reply.ts';

interface AppOptions {
  readonly logger?: FastifyBaseLogger | undefined;
  /** How long `close` lets requests finish before it cuts their connections, in milliseconds. */
  readonly closeGraceMs?: number | undefined;
  readonly mostConnections?: number | undefined;
}

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const IDLE_TIMEOUT_MS = 75_000;
const CHECK_EVERY_MS = 2_000;
const LARGEST_HEADER_BYTES = 16_384;
const MOST_CONNECTIONS = 2_000;
const CLOSE_GRACE_MS = 2_000;

/** What every listener shares: bounds on slow clients, errors as JSON, bodies unread unless a route reads them. */
export function createApp(options: AppOptions): FastifyInstance {
  const { logger, closeGraceMs = CLOSE_GRACE_MS, mostConnections = MOST_CONNECTIONS } = options;
  const app = Fastify({
    ...(logger ? { loggerInstance: logger } : {}),
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: IDLE_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_EVERY_MS,
      maxHeaderSize: LARGEST_HEADER_BYTES,
    },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, _request, reply) => void sendError(reply, error),
  });
  boundConnections(app.server, mostConnections);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.addHook('onRequest', (request, reply, done) => {
    if (request.raw.socket.destroyed)
      reply.hijack(); // nobody is there to be answered
    else done();
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
  });
  app.setNotFoundHandler((request, reply) => {
    request.raw.resume();
    return sendError(reply, new HawserError('HTTP_NOT_FOUND', 'nothing is served at this method and path'));
  });
  app.setErrorHandler((error, request, reply) => {
    if (toErrorReply(error).status >= 500) request.log.error({ err: error }, 'request failed');
    return sendError(reply, error);
  });
  closeConnectionsAfter(app, closeGraceMs);
  return app;
}

/** Without this `close` would wait for as long as a client keeps a request open. */
function closeConnectionsAfter(app: FastifyInstance, graceMs: number): void {
  let timer: NodeJS.Timeout | undefined;
  app.addHook('preClose', async () => {
    timer = setTimeout(() => app.server.closeAllConnections(), graceMs);
  });
  app.addHook('onClose', async () => clearTimeout(timer));
}

const STATUS_LINES: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

/** Answers what is not even HTTP; there is no request yet, so this writes to the socket. */
function answerClientError(error: { readonly code: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify({ error: { code: 'HTTP_REQUEST_INVALID', message: 'the request is not valid HTTP' } });
  const head = [
    `HTTP/1.1 ${STATUS_LINES[error.code] ?? '400 Bad Request'}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
