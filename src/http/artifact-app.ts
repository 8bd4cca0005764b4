import type { Readable } from 'node:stream';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { HawserError } from '../errors/hawser-error.ts';
import { createApp } from './create-app.ts';

/** A file that is being served; destroying the stream closes it. */
interface ServedArtifact {
  readonly stream: Readable;
  readonly size: number;
  readonly digest?: string | undefined;
  readonly lastModified: Date;
}

interface ArtifactAppOptions {
  /** Undefined for anything that is not the path of an artifact. */
  openArtifact(path: string): Promise<ServedArtifact | undefined>;
  readonly logger?: FastifyBaseLogger | undefined;
  readonly closeGraceMs?: number | undefined;
}

/** The listener for Flux's other controllers: artifacts below `/`. */
export function createArtifactApp(options: ArtifactAppOptions): FastifyInstance {
  const app = createApp(options);
  app.get<{ Params: { '*': string } }>('/*', async (request, reply) => {
    const artifact = await options.openArtifact(request.params['*']);
    if (!artifact) throw new HawserError('HTTP_NOT_FOUND', 'there is no artifact at this path, or it was replaced');
    reply.type('application/gzip').header('content-length', artifact.size);
    reply.header('last-modified', artifact.lastModified.toUTCString());
    if (artifact.digest) reply.header('etag', `"${artifact.digest}"`);
    return reply.send(artifact.stream);
  });
  return app;
}
