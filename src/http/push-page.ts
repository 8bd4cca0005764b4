import type { FastifyInstance } from 'fastify';
import { HawserError } from '../errors/hawser-error.ts';
import { redactData } from '../errors/redact.ts';
import { type PushView, toPublicPush } from './push-view.ts';
import { pushPageHeaders, renderPushPage } from './render-push-page.ts';

/** The read side of push records. */
export interface PushPageOptions {
  /** Undefined if there is no such push, or no longer. */
  readPush(id: string): Promise<PushView | undefined>;
}

const PUSH_ID = /^[\w-]{1,128}$/;

/** `GET /pushes/<id>`: JSON, or a page for browsers. The id cannot be guessed, so it is all that a reader needs. */
export function pushPage(app: FastifyInstance, { readPush }: PushPageOptions, done: () => void): void {
  const pageHeaders = pushPageHeaders();
  app.get<{ Params: { id: string } }>('/pushes/:id', async (request, reply) => {
    const { id } = request.params;
    const found = PUSH_ID.test(id) ? await readPush(id) : undefined;
    if (!found) throw new HawserError('HTTP_NOT_FOUND', 'there is no such push, or it is no longer kept');
    const push = redactData(toPublicPush(found)) as PushView;
    reply.header('cache-control', 'no-store').header('vary', 'accept');
    if (!prefersHtml(request.headers.accept)) return reply.send(push);
    return reply.headers(pageHeaders).send(renderPushPage(push));
  });
  done();
}

function prefersHtml(accept = ''): boolean {
  return accept.includes('text/html');
}
