import type { GitRepository } from '../model/git-repository.ts';
import type { Provider } from '../model/push.ts';
import { toRepositoryIdentity } from '../model/repository-url.ts';

/** Set to `none` on a GitRepository that nobody can give a webhook: polling is what is wanted there. */
const WEBHOOKS_ANNOTATION = 'hawser/webhooks';

/** Hosts that only one provider's webhooks can come from; any other host may send those of whatever it runs. */
const PROVIDER_OF_HOST: readonly (readonly [host: RegExp, provider: Provider])[] = [
  [/(^|\.)github\.com$/, 'github'],
  [/(^|\.)gitlab\.com$/, 'gitlab'],
  [/(^|\.)bitbucket\.org$/, 'bitbucket'],
  [/(^|\.)(dev\.azure|visualstudio)\.com$/, 'azure-devops'],
  [/(^|\.)codeberg\.org$/, 'gitea'],
];

interface Hearing {
  /** Providers whose webhooks are taken. */
  readonly taken: readonly Provider[];
  /** Whether a hook for this source was heard before. */
  readonly wasHeard: boolean;
}

/** Whether hooks for a source can be expected: otherwise polling is the chosen way, and silence is right. Pure. */
export function expectsHooks(
  { metadata, spec }: Pick<GitRepository, 'metadata' | 'spec'>,
  { taken, wasHeard }: Hearing,
): boolean {
  if (metadata.annotations?.[WEBHOOKS_ANNOTATION] === 'none' || spec.ref?.commit) return false;
  if (wasHeard || taken.includes('generic')) return true;
  const host = toRepositoryIdentity(spec.url)?.split(/[/:]/, 1)[0] ?? '';
  const [, only] = PROVIDER_OF_HOST.find(([pattern]) => pattern.test(host)) ?? [];
  return only === undefined ? taken.length > 0 : taken.includes(only);
}
