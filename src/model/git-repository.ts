/**
 * The GitRepository custom resource: where desired state comes from. One schema gives type and CRD; it is the union of
 * v1 and v1beta2, and only v1's fields have defaults. What the fields do is sync's matter.
 */
import { z } from 'zod';
import type { KubeObject } from './kube-object.ts';
import {
  Artifact,
  checkResource,
  conditions,
  duration,
  durationWithoutHours,
  lastHandledReconcileAt,
  localReference,
  observedGeneration,
  resourceSchema,
  stringMap,
} from './resource-schema.ts';

/** API group of the sources. */
export const SOURCE_GROUP = 'source.toolkit.fluxcd.io';

const gitReference = z
  .object({
    branch: z.string().describe('Branch to follow. Without any reference the branch is master.').optional(),
    tag: z.string().describe('Tag to follow; wins over branch.').optional(),
    semver: z.string().describe('Range of versions; the highest tag inside it is followed; wins over tag.').optional(),
    name: z
      .string()
      .describe('Full name of the ref to follow, such as refs/pull/420/head; wins over semver, tag and branch.')
      .optional(),
    commit: z
      .string()
      .describe('Commit to stay at; wins over every other field. May be combined with branch.')
      .optional(),
  })
  .describe('What to follow in the repository. The order of precedence is commit, name, semver, tag, branch.');
export type GitReference = z.infer<typeof gitReference>;

const verification = z
  .object({
    mode: z
      .enum(['head', 'HEAD', 'Tag', 'TagAndHEAD'])
      .meta({ default: 'HEAD' })
      .describe(
        'What must be signed: the commit (HEAD, or head as older manifests say), the tag (Tag), or both (TagAndHEAD).',
      )
      .optional(),
    secretRef: localReference('Secret with the public keys of the authors who are trusted.', 'Secret'),
  })
  .describe('Demands a valid signature before a commit is used.');

const include = z.object({
  repository: localReference('GitRepository of the same namespace whose content is included.', 'GitRepository'),
  fromPath: z.string().describe('What to take from the included repository; its root if absent.').optional(),
  toPath: z
    .string()
    .describe('Where to put it in this repository; a folder named like the repository if absent.')
    .optional(),
});

const accessFrom = z
  .object({
    namespaceSelectors: z
      .array(z.object({ matchLabels: stringMap('Labels that the namespace must carry.').optional() }))
      .describe('Namespaces that may refer to this source, by their labels.'),
  })
  .describe('Field of older versions, without effect: who may refer to this source from other namespaces.');

const spec = z
  .object({
    url: z
      .string()
      .regex(/^(http|https|ssh):\/\/.*$/)
      .describe('Address of the repository: http, https or ssh.'),
    interval: duration('How often to look for new commits when no webhook tells about them, such as 5m.'),
    timeout: durationWithoutHours('How long one exchange with the Git server may take.')
      .meta({ default: '60s' })
      .optional(),
    secretRef: localReference(
      'Secret of the same namespace with the credentials: username and password, bearerToken, an SSH identity with known_hosts, or a GitHub App.',
      'Secret',
    ).optional(),
    provider: z
      .enum(['generic', 'aws', 'azure', 'github'])
      .describe('How to authenticate: generic by secret, github as a GitHub App, aws and azure by workload identity.')
      .optional(),
    serviceAccountName: z
      .string()
      .describe('Service account whose workload identity is used; only with the providers aws and azure.')
      .optional(),
    ref: gitReference.optional(),
    verify: verification.optional(),
    proxySecretRef: localReference(
      'Secret with address, username and password of the proxy to use.',
      'Secret',
    ).optional(),
    ignore: z
      .string()
      .describe('Files to leave out of the artifact, in the syntax of .gitignore; replaces the built-in list.')
      .optional(),
    suspend: z.boolean().describe('True stops looking for new commits; the last artifact stays available.').optional(),
    recurseSubmodules: z.boolean().describe('True fetches submodules too, with the same credentials.').optional(),
    include: z.array(include).describe('Other repositories whose content is copied into this one.').optional(),
    sparseCheckout: z.array(z.string()).describe('Folders to fetch, instead of all; each must exist.').optional(),
    gitImplementation: z
      .enum(['go-git', 'libgit2'])
      .describe('Field of older versions, without effect: the Git library to use.')
      .optional(),
    accessFrom: accessFrom.optional(),
  })
  .meta({
    description: 'Which repository to follow, and how.',
    'x-kubernetes-validations': [
      {
        message: "serviceAccountName can only be set when provider is 'azure' or 'aws'",
        rule: "!has(self.serviceAccountName) || (has(self.provider) && self.provider in ['azure', 'aws'])",
      },
    ],
  });
export type GitRepositorySpec = z.infer<typeof spec>;

const status = z
  .object({
    observedGeneration,
    conditions: conditions.optional(),
    artifact: Artifact.describe('The revision that consumers see, as a tarball.').optional(),
    includedArtifacts: z.array(Artifact).describe('The artifacts that were included.').optional(),
    observedIgnore: z.string().describe('spec.ignore as the current artifact was made with it.').optional(),
    observedRecurseSubmodules: z
      .boolean()
      .describe('spec.recurseSubmodules as the current artifact was made with it.')
      .optional(),
    observedInclude: z.array(include).describe('spec.include as the current artifact was made with it.').optional(),
    observedSparseCheckout: z
      .array(z.string())
      .describe('spec.sparseCheckout as the current artifact was made with it.')
      .optional(),
    sourceVerificationMode: z.string().describe('spec.verify.mode of the last verified revision.').optional(),
    lastHandledReconcileAt,
    url: z.string().describe('Field of older versions: where the latest artifact can be fetched.').optional(),
    contentConfigChecksum: z
      .string()
      .describe('Field of older versions: checksum of the settings that the artifact was made with.')
      .optional(),
  })
  .describe('What was found in the repository, and how the last sync went.');
export type GitRepositoryStatus = z.infer<typeof status>;

/** The schema of the whole object, from which the CRD is generated. */
export const gitRepositorySchema = resourceSchema('GitRepository', spec, status).describe(
  'A GitRepository is a Git repository that is followed; Kustomizations deploy what it holds.',
);

/** A Git repository that is followed (`source.toolkit.fluxcd.io`). */
export interface GitRepository extends KubeObject {
  kind: 'GitRepository';
  spec: GitRepositorySpec;
  status?: GitRepositoryStatus | undefined;
}

/** Reads a GitRepository from the API server, unknown fields kept; throws RESOURCE_INVALID for wrong types. */
export function parseGitRepository(value: unknown): GitRepository {
  checkResource(gitRepositorySchema, 'GitRepository', value);
  return value as GitRepository;
}

/** Flux follows this branch where nothing else is said, whatever the remote's HEAD is. */
export const DEFAULT_BRANCH = 'master';
