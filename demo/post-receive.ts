/** The repository's post-receive hook: sends a signed webhook for every ref that was pushed, and tells the pusher. */
import { text } from 'node:stream/consumers';
import { sendPush } from '../test/support/make-push.ts';

const [hawserUrl = '', secret = '', repository = '', url = ''] = process.argv.slice(2);

for (const line of (await text(process.stdin)).trim().split('\n')) {
  const [before = '', after = '', ref = ''] = line.split(' ');
  const sentAt = performance.now();
  const { status } = await sendPush(hawserUrl, { secret, repository, url, ref, before, after });
  console.log(`webhook for ${ref} answered ${status} after ${Math.round(performance.now() - sentAt)} ms`);
}
