/**
 * Reports to providers how a commit went. This module knows each provider's API, its limits and what its refusals
 * mean; what is posted when, and the pace per credential, is left to whoever runs the commit-status queue.
 */
import { Octokit } from '@octokit/core';
import { type RequestInit, fetch as undiciFetch } from 'undici';
import { redact } from '../errors/redact.ts';
import { isSha } from '../model/revision.ts';
import type { CommitStatus, CommitStatusReporter, PostResult } from './commit-status.ts';
import { failed } from './create-json-reporter.ts';
import { fitDescription } from './fit-description.ts';
import { parseRepository, type RepositoryName } from './parse-repository.ts';
import { type ReporterOptions, TIMEOUT_MS } from './post-json.ts';
import { type ProviderWords, toPostResult } from './to-post-result.ts';

const ROUTE = 'POST /repos/{owner}/{repo}/statuses/{sha}';
const NEEDED = 'it needs the scope repo:status, or the permission "Commit statuses: write" for this repository';

/** How GitHub answers, and what to do about its refusals. */
export const GITHUB_WORDS: ProviderWords = {
  name: 'GitHub',
  posted: [201],
  advice: {
    401: 'the token is wrong, expired or revoked: set another one',
    403: `the token may not write commit statuses: ${NEEDED}`,
    404: `the repository does not exist or the token cannot see it: ${NEEDED}`,
    422: 'the commit is not in this repository, or it has 1000 statuses of this context already',
  },
};

/**
 * Posts commit statuses to GitHub: one attempt, no plugins (they would hold writes a second apart). `apiUrl` is
 * `https://api.github.com`, or `https://<host>/api/v3` for GitHub Enterprise.
 */
export function createGitHubReporter(options: ReporterOptions): CommitStatusReporter {
  const { apiUrl, dispatcher, timeoutMs = TIMEOUT_MS, now = Date.now } = options;
  const octokit = new Octokit({
    baseUrl: apiUrl.replace(/\/+$/, ''),
    userAgent: 'hawser',
    log: SILENT,
    request: {
      log: SILENT,
      fetch: (url: string, init: RequestInit) => undiciFetch(url, dispatcher ? { ...init, dispatcher } : init),
    },
  });

  return {
    async post(status, credential, signal) {
      const repository = parseRepository(status.repositoryUrl);
      if (!repository) return failed('the URL of the source does not name a repository as owner/name');
      if (!isSha(status.sha)) return failed('only a commit id of 40 hex digits can carry a status');
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        const response = await octokit.request(ROUTE, {
          ...toParameters(status, repository),
          headers: { authorization: `token ${credential.token.reveal()}` },
          request: { signal: signal ? AbortSignal.any([signal, timeout]) : timeout },
        });
        return toPostResult({ status: response.status, headers: response.headers, message: '' }, GITHUB_WORDS, now());
      } catch (error) {
        signal?.throwIfAborted();
        if (timeout.aborted) return { kind: 'retry', message: `GitHub did not answer within ${timeoutMs} ms` };
        return toFailure(error, now());
      }
    },
  };
}

/** Octokit would print deprecations to the console. */
const SILENT = { debug: noop, info: noop, warn: noop, error: noop };

function noop(): void {}

function toParameters(status: CommitStatus, { owner, name }: RepositoryName) {
  return {
    owner,
    repo: name,
    sha: status.sha,
    state: status.state,
    context: status.context,
    description: fitDescription(status.description),
    ...(status.targetUrl === undefined ? {} : { target_url: status.targetUrl }),
  };
}

interface RequestFailure {
  readonly status: number;
  readonly response?: { readonly headers: Readonly<Record<string, unknown>> };
}

/** Octokit throws for every answer from 400 on, and for no answer at all (then without a response). */
function toFailure(error: unknown, now: number): PostResult {
  const { status, response } = error as Partial<RequestFailure>;
  const message = redact(error instanceof Error ? error.message : String(error));
  if (status === undefined || !response) return { kind: 'retry', message: `GitHub cannot be reached: ${message}` };
  return toPostResult({ status, headers: response.headers, message }, GITHUB_WORDS, now);
}
