import { isSha } from '../model/revision.ts';
import type { CommitStatus, CommitStatusReporter, PostResult, StatusCredential } from './commit-status.ts';
import { postJson, type ReporterOptions } from './post-json.ts';
import { type Answer, type ProviderWords, toPostResult } from './to-post-result.ts';

/** What one provider's API wants to be told, and how. */
export interface StatusApi extends ProviderWords {
  /** How a path names a repository there, for messages: `owner/name`. */
  readonly form: string;
  /** Path below the API's root and body; undefined if the URL does not name a repository of this provider. */
  readonly toRequest: (status: CommitStatus) => { readonly path: string; readonly body: object } | undefined;
  readonly toAuthorization: (credential: StatusCredential) => string;
  /** What to say instead after a refusal that another request would not meet. */
  readonly amend?: (status: CommitStatus, answer: Answer) => CommitStatus | undefined;
}

/** A reporter for a provider that takes one JSON document per status. */
export function createJsonReporter(api: StatusApi, options: ReporterOptions): CommitStatusReporter {
  const root = options.apiUrl.replace(/\/+$/, '');
  const now = options.now ?? Date.now;
  const attempt = async (status: CommitStatus, credential: StatusCredential, signal?: AbortSignal) => {
    const request = api.toRequest(status);
    if (!request) return failed(`the URL of the source does not name a repository as ${api.form}`);
    const authorization = api.toAuthorization(credential);
    const call = { url: `${root}${request.path}`, authorization, body: request.body, name: api.name };
    return await postJson(options, call, signal);
  };
  return {
    async post(status, credential, signal) {
      if (!isSha(status.sha)) return failed('only a commit id of 40 hex digits can carry a status');
      const first = await attempt(status, credential, signal);
      if ('kind' in first) return first;
      const amended = api.amend?.(status, first);
      const answer = amended ? await attempt(amended, credential, signal) : first;
      return 'kind' in answer ? answer : toPostResult(answer, api, now());
    },
  };
}

/** A failure that no credential would mend. */
export function failed(message: string): PostResult & { kind: 'failed' } {
  return { kind: 'failed', message, byCredential: false };
}
