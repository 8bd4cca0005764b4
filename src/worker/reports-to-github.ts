/** True if a repository lives on the GitHub whose API is configured: github.com, or an Enterprise server's own host. */
export function reportsToGitHub(repositoryUrl: string, apiUrl: string): boolean {
  const repository = URL.parse(repositoryUrl)?.hostname.toLowerCase();
  const api = URL.parse(apiUrl)?.hostname.toLowerCase();
  if (repository === undefined || api === undefined) return false;
  return repository === (api === 'api.github.com' ? 'github.com' : api);
}
