import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A wire that can be cut or go silent, between a client and a real server. */
export interface TcpProxy {
  readonly port: number;
  /** How many connections there were at most at one time. */
  readonly mostConnections: number;
  /** Breaks every connection; new ones are accepted. */
  cut(): void;
  /** Swallows what the client sends next, and breaks every connection. */
  cutAtNextBytes(): void;
  /** Swallows all bytes of the present connections, without ending them: a partition. */
  freeze(): void;
  /** Refuses new connections, or accepts them again. */
  refuse(isRefusing: boolean): void;
  stop(): Promise<void>;
}

interface Wire {
  readonly client: Socket;
  readonly upstream: Socket;
  isFrozen: boolean;
}

/** Starts a proxy to a port of the loopback interface. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const wires = new Set<Wire>();
  let mostConnections = 0;
  let isRefusing = false;
  let isCutAtNextBytes = false;
  const cut = () => {
    for (const { client } of wires) client.destroy();
  };
  const server = createServer((client) => {
    if (isRefusing) {
      client.resetAndDestroy();
      return;
    }
    const wire: Wire = { client, upstream: connect(targetPort, '127.0.0.1'), isFrozen: false };
    const { upstream } = wire;
    wires.add(wire);
    mostConnections = Math.max(mostConnections, wires.size);
    client.on('data', (chunk) => {
      if (isCutAtNextBytes) {
        isCutAtNextBytes = false;
        cut();
      } else if (!wire.isFrozen) upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (!wire.isFrozen) client.write(chunk);
    });
    for (const socket of [client, upstream]) {
      socket.on('error', () => {});
      socket.once('close', () => {
        wires.delete(wire);
        client.destroy();
        upstream.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get mostConnections() {
      return mostConnections;
    },
    cut,
    cutAtNextBytes: () => {
      isCutAtNextBytes = true;
    },
    freeze: () => {
      for (const wire of wires) wire.isFrozen = true;
    },
    refuse: (value) => {
      isRefusing = value;
    },
    stop: async () => {
      cut();
      if (server.listening) await once(server.close(), 'close');
    },
  };
}
