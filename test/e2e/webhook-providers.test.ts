import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeConfigMap, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { useStory } from '../support/use-story.ts';
import { senderOf } from '../support/webhook-senders.ts';

/** Each with the URL that its payload has by itself; the story's repository takes its place. */
const TELLERS = [
  { name: 'GitLab, signed', url: 'https://gitlab.example.com/acme/app.git' },
  { name: 'Gitea', url: 'https://git.example.com/acme/app.git' },
  { name: 'Gitea, form', url: 'https://git.example.com/acme/app.git' },
  { name: 'Forgejo', url: 'https://git.example.com/acme/app.git' },
  { name: 'Bitbucket Cloud', url: 'https://bitbucket.org/acme/app' },
  { name: 'Bitbucket Data Center', url: 'https://bitbucket.example.com/scm/acme/app.git' },
  { name: 'Azure DevOps', url: 'https://fabrikam@dev.azure.com/fabrikam/acme/_git/app' },
  { name: 'generic', url: 'https://git.example.com/acme/app.git' },
];

test('a push that is not polled for', async (t) => {
  const env = {
    GITLAB_WEBHOOK_SIGNING_TOKEN: senderOf('GitLab, signed').secret,
    GITEA_WEBHOOK_SECRET: senderOf('Gitea').secret,
    BITBUCKET_WEBHOOK_SECRET: senderOf('Bitbucket Cloud').secret,
    AZURE_DEVOPS_WEBHOOK_TOKEN: senderOf('Azure DevOps').secret,
    HAWSER_WEBHOOK_SECRET: senderOf('generic').secret,
  };
  const story = await useStory(t, { env });
  const { namespace, repository } = story;
  let before = await repository.commitAndPush({ 'config.yaml': makeConfigMap('settings', { told: 'nobody' }) });
  await story.create(
    makeGitRepository({ namespace }, { url: repository.url, interval: '1h' }),
    makeKustomization({ namespace }, { interval: '1h' }),
  );
  await story.applied(before);

  for (const { name, url } of TELLERS) {
    await t.test(`is deployed when ${name} tells of it`, async () => {
      const sender = senderOf(name);
      const after = await repository.commitAndPush({ 'config.yaml': makeConfigMap('settings', { told: name }) });
      const push = { repository: 'acme/app', ref: 'refs/heads/main', before, after };
      const payload = JSON.stringify(sender.payload(push)).replaceAll(`"${url}"`, `"${repository.url}"`);
      const { headers, body } = sender.send(payload, sender.secret);

      const target = new URL(sender.path, story.hawser.publicUrl);
      const response = await fetch(target, { method: 'POST', headers, body: new Uint8Array(body) });

      const { status, reason } = (await response.json()) as Record<string, string>;
      assert.equal(`${response.status} ${status} ${reason ?? ''}`, '202 accepted ');
      await story.applied(after);
      before = after;
    });
  }
});
