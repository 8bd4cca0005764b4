import { sendPush } from '../test/support/make-push.ts';
import type { Moment } from './follow-cluster.ts';
import type { Expectation, Scene } from './scene.ts';

/** Sends the webhook of a push, signed as GitHub signs it; throws if it is not accepted. */
export function sendWebhook(
  scene: Scene,
  push: { before: string; after: string },
): { sentAt: Moment; answered: Expectation } {
  const { hawser, webhookSecret, workTree } = scene;
  const sentAt = performance.now();
  const at = sendPush(hawser.publicUrl, {
    secret: webhookSecret,
    repository: workTree.repository,
    url: workTree.url,
    ...push,
  }).then(async (response) => {
    const answeredAt = performance.now();
    const body = await response.text();
    if (response.status !== 202) throw new Error(`the webhook was answered ${response.status}: ${body}`);
    return answeredAt;
  });
  scene.lastPush = { sha: push.after, sentAt };
  return { sentAt, answered: { label: 'answered', text: 'webhook is answered: 202 accepted', at } };
}
