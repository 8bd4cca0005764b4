import { createPrivateKey } from 'node:crypto';
import { Secret } from '../errors/secret.ts';
import type { GitHubAppInstallation } from './github-app.ts';
import type { SecretData } from './secret-data.ts';

/**
 * Reads `githubAppID`, `githubAppPrivateKey`, either `githubAppInstallationID` or `githubAppInstallationOwner`, and
 * `githubAppBaseURL`.
 */
export function readGitHubApp(secret: SecretData): GitHubAppInstallation {
  const appId = readNumber(secret, 'githubAppID');
  const installationOwner = secret.line('githubAppInstallationOwner');
  const hasId = secret.text('githubAppInstallationID') !== undefined;
  if (hasId === (installationOwner !== undefined)) {
    throw secret.complain(`exactly one of 'githubAppInstallationID' and 'githubAppInstallationOwner' must be given`);
  }
  const installationId = hasId ? readNumber(secret, 'githubAppInstallationID') : undefined;
  const privateKey = secret.text('githubAppPrivateKey');
  if (privateKey === undefined) throw secret.complain(`the key 'githubAppPrivateKey' is missing or empty`);
  const remembered = new Secret(privateKey);
  if (!isPrivateKey(privateKey)) throw secret.complain(`the value of 'githubAppPrivateKey' is no private key in PEM`);
  const apiUrl = secret.line('githubAppBaseURL');
  if (apiUrl !== undefined && !/^https?:\/\/[^@?#]+$/.test(apiUrl)) {
    throw secret.complain(`the value of 'githubAppBaseURL' is no URL such as https://github.example.com/api/v3`);
  }
  return { appId, installationId, installationOwner, privateKey: remembered, apiUrl };
}

function readNumber(secret: SecretData, key: string): string {
  const value = secret.line(key);
  if (value === undefined) throw secret.complain(`the key '${key}' is missing or empty`);
  if (!/^\d{1,20}$/.test(value)) throw secret.complain(`the value of '${key}' is no number`);
  return value;
}

function isPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).type === 'private';
  } catch {
    return false;
  }
}
