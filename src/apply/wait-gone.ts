import { HawserError } from '../errors/hawser-error.ts';
import type { KubeClient } from '../kube/kube-client.ts';
import { formatSubject, type KubeObject, type ObjectRef } from '../model/kube-object.ts';

/** An object to wait for; with a uid, another object of the same name does not count. */
export interface DoomedObject extends ObjectRef {
  readonly uid?: string | undefined;
  /** What held it when it was last seen; a watch knows better once it has begun. */
  readonly finalizers?: readonly string[] | undefined;
}

type WaitClient = Pick<KubeClient, 'discovery' | 'watch'>;

/**
 * Waits, by watch, until deleted objects are gone, finalizers and all. When the signal's time is up, it throws
 * OBJECT_TERMINATING, which names what is left and what holds it; another abort throws the signal's reason.
 */
export async function waitGone(client: WaitClient, refs: readonly DoomedObject[], signal: AbortSignal): Promise<void> {
  const results = await Promise.allSettled(refs.map((ref) => waitForOne(client, ref, signal)));
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  const terminating = errors.filter(isTerminating);
  if (terminating.length < errors.length) throw errors.find((error) => !isTerminating(error));
  if (terminating.length > 0) throw joinTerminating(terminating);
}

/** True for the error of a wait for deleted objects whose time was up. */
export function isTerminating(error: unknown): error is HawserError {
  return error instanceof HawserError && error.code === 'OBJECT_TERMINATING';
}

async function waitForOne(client: WaitClient, ref: DoomedObject, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const info = await client.discovery.resolve(ref);
  // An object of a kind that is no longer served went with its definition.
  if (!info) return;
  const gone = Promise.withResolvers<void>();
  let last: KubeObject | undefined;
  const isMeant = ({ metadata }: KubeObject) => ref.uid === undefined || metadata.uid === ref.uid;
  const onAbort = () => gone.reject(isTimeout(signal.reason) ? stillThere(ref, last) : signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const query = { ...info, namespace: ref.namespace || undefined, fieldSelector: `metadata.name=${ref.name}` };
  const watch = client.watch(
    { ...query, metadataOnly: true },
    {
      onSnapshot: (items) => {
        last = items.find(isMeant);
        if (!last) gone.resolve();
      },
      onEvent: (type, object) => {
        if (!isMeant(object) || type === 'DELETED') gone.resolve();
        else last = object;
      },
    },
  );
  try {
    await gone.promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
    await watch.stop();
  }
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError';
}

function stillThere(ref: DoomedObject, object: KubeObject | undefined): HawserError {
  const finalizers = (object ? object.metadata.finalizers : ref.finalizers) ?? [];
  const why = finalizers.length > 0 ? `: its finalizers are ${finalizers.join(', ')}` : '';
  return new HawserError('OBJECT_TERMINATING', `${formatSubject(ref)} is still being deleted${why}`);
}

function joinTerminating(errors: readonly HawserError[]): HawserError {
  return new HawserError('OBJECT_TERMINATING', errors.map(({ message }) => message).join('\n'));
}
