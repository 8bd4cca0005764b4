import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Stage } from './start-stage.ts';

const POST_RECEIVE = fileURLToPath(new URL('./post-receive.ts', import.meta.url));

/** From now on the repository sends a webhook for every push, as GitHub does once one is set up. */
export async function sendWebhooks({ workTree, hawser, webhookSecret }: Stage): Promise<void> {
  const { bareDir, repository, url } = workTree;
  const words = [process.execPath, POST_RECEIVE, hawser.publicUrl, webhookSecret, repository, url];
  const script = `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(' ')}\n`;
  await writeFile(join(bareDir, 'hooks/post-receive'), script, { mode: 0o700 });
}
