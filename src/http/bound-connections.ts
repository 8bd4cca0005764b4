import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Keeps at most so many connections open, and one request under way on each. Beyond the bound the one goes that has
 * waited longest for a request to be complete, not the newest: a real delivery is complete within milliseconds, so
 * whoever holds many connections open can only push out his own. Requests that are being answered are never cut.
 * No provider sends a request before the last one is answered; who does loses the connection, or a single packet with
 * hundreds of requests would make everybody else wait for all of them.
 */
export function boundConnections(server: Server, mostConnections: number): void {
  const oldestFirst = new Map<Socket, ServerResponse | undefined>();

  function makeRoom(): void {
    for (const [socket, response] of oldestFirst) {
      if (oldestFirst.size <= mostConnections) return;
      if (response?.req.complete) continue;
      oldestFirst.delete(socket);
      socket.destroy();
    }
  }

  server.on('connection', (socket: Socket) => {
    oldestFirst.set(socket, undefined);
    socket.once('close', () => oldestFirst.delete(socket));
    makeRoom();
  });
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const last = oldestFirst.get(socket);
    if (last && !last.writableEnded) socket.destroy();
    if (socket.destroyed || !oldestFirst.has(socket)) return;
    oldestFirst.set(socket, response); // keeps its place: a body that trickles makes no connection younger
    response.once('close', () => {
      if (oldestFirst.get(socket) !== response) return;
      oldestFirst.delete(socket);
      oldestFirst.set(socket, undefined);
    });
  });
}
