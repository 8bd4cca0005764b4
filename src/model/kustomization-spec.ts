/** What a Kustomization asks for: the union of v1 and v1beta2; only v1's fields have defaults. */
import { z } from 'zod';
import { duration, localReference, stringMap } from './resource-schema.ts';

/** Which objects a patch or an ignore rule is for; absent fields match everything. */
const selector = z.object({
  group: z.string().describe('API group of the objects.').optional(),
  version: z.string().describe('API version of the objects.').optional(),
  kind: z.string().describe('Kind of the objects.').optional(),
  name: z.string().describe('Name of the objects, or a regular expression that it matches.').optional(),
  namespace: z.string().describe('Namespace of the objects, or a regular expression that it matches.').optional(),
  labelSelector: z.string().describe('Labels of the objects, as kubectl get -l takes them.').optional(),
  annotationSelector: z.string().describe('Annotations of the objects, in the form of a label selector.').optional(),
});

const sourceReference = z
  .object({
    apiVersion: z.string().describe('API version of the source.').optional(),
    kind: z.enum(['OCIRepository', 'GitRepository', 'Bucket', 'ExternalArtifact']).describe('Kind of the source.'),
    name: z.string().describe('Name of the source.'),
    namespace: z.string().describe('Namespace of the source; the one of the Kustomization if absent.').optional(),
  })
  .describe('The source that holds the manifests.');

const dependency = z.object({
  name: z.string().describe('Name of the Kustomization that must be ready first.'),
  namespace: z.string().describe('Its namespace; the one of this Kustomization if absent.').optional(),
  readyExpr: z
    .string()
    .describe(
      'CEL expression over self and dep that tells whether the dependency is ready, instead of the built-in rule.',
    )
    .optional(),
});

const healthCheck = z.object({
  apiVersion: z.string().describe('API version of the object; apps/v1 if absent.').optional(),
  kind: z.string().describe('Kind of the object.'),
  name: z.string().describe('Name of the object.'),
  namespace: z.string().describe('Namespace of the object; the one of the Kustomization if absent.').optional(),
});

const healthCheckExpression = z.object({
  apiVersion: z.string().describe('API group and version of the objects; the version does not matter.'),
  kind: z.string().describe('Kind of the objects; every kind of the group if absent.').optional(),
  current: z.string().describe('CEL expression over the object that is true when it is healthy.'),
  inProgress: z.string().describe('CEL expression that is true while the object is on its way.').optional(),
  failed: z.string().describe('CEL expression that is true when the object has failed.').optional(),
});

const patch = z.object({
  patch: z.string().describe('The patch as YAML: a strategic merge patch, or a list of JSON patch operations.'),
  target: selector.describe('Which objects to patch; a strategic merge patch may name its object itself.').optional(),
});

const jsonPatchOperation = z.object({
  op: z.enum(['test', 'remove', 'add', 'replace', 'move', 'copy']).describe('What the operation does.'),
  path: z.string().describe('JSON pointer to the field.'),
  from: z.string().describe('JSON pointer to the field that is moved or copied.').optional(),
  value: z.unknown().describe('Value to test for, add or put there.').optional(),
});

const image = z.object({
  name: z.string().describe('Image name as the manifests have it, without tag.'),
  newName: z.string().describe('Name to put in its place.').optional(),
  newTag: z.string().describe('Tag to put in its place.').optional(),
  digest: z.string().describe('Digest to put in place of the tag.').optional(),
});

const postBuild = z
  .object({
    substitute: stringMap('Variables and their values; they win over substituteFrom.').optional(),
    substituteFrom: z
      .array(
        z.object({
          kind: z.enum(['Secret', 'ConfigMap']).describe('Kind of the object that holds variables.'),
          name: z.string().min(1).max(253).describe('Name of the object, in the namespace of the Kustomization.'),
          optional: z.boolean().meta({ default: false }).describe('True when the object may be absent.').optional(),
        }),
      )
      .describe('Objects whose keys are variables; later ones win.')
      .optional(),
    substituteStrategy: z
      .enum(['WithVariables', 'Always'])
      .describe('Whether to substitute only if there are variables (WithVariables), or Always.')
      .optional(),
  })
  .describe('What to do with the built manifests before they are applied: replace variables.');

const kubeConfig = z
  .object({
    secretRef: z
      .object({
        name: z.string().describe('Name of the Secret.'),
        key: z.string().describe('Key of the Secret; value or value.yaml if absent.').optional(),
      })
      .describe('Secret of the same namespace that holds a kubeconfig.')
      .optional(),
    configMapRef: localReference(
      'ConfigMap that tells how to reach the cluster with workload identity.',
      'ConfigMap',
    ).optional(),
  })
  .meta({
    description: 'The cluster to deploy to, if it is not this one.',
    'x-kubernetes-validations': [
      {
        message: 'exactly one of spec.kubeConfig.secretRef or spec.kubeConfig.configMapRef must be set',
        rule: 'has(self.secretRef) != has(self.configMapRef)',
      },
    ],
  });

const decryption = z
  .object({
    provider: z.enum(['sops']).describe('What the secrets are encrypted with.'),
    secretRef: localReference('Secret with the private keys.', 'Secret').optional(),
    serviceAccountName: z
      .string()
      .describe('Service account whose workload identity may use the key service.')
      .optional(),
  })
  .describe('How to decrypt Secrets that are kept encrypted in Git.');

const ignoreRule = z.object({
  paths: z.array(z.string()).describe('JSON pointers to the fields.'),
  target: selector.describe('Which objects the rule is for; all if absent.').optional(),
});

const commonMetadata = z
  .object({
    labels: stringMap('Labels for every object.').optional(),
    annotations: stringMap('Annotations for every object.').optional(),
  })
  .describe('Labels and annotations that every object gets.');

const timing = {
  interval: duration('How often to compare the cluster with the source, beside every new revision, such as 10m.'),
  retryInterval: duration('How soon to try again after a failure; the interval if absent.').optional(),
  timeout: duration(
    'How long one sync and the health of its objects may take; the interval less 30s if absent, at least 30s.',
  ).optional(),
  suspend: z.boolean().describe('True stops syncs; what is deployed stays.').optional(),
};

const building = {
  sourceRef: sourceReference,
  path: z
    .string()
    .describe('Folder in the source that holds the manifests or a kustomization.yaml; the root if absent.')
    .optional(),
  targetNamespace: z.string().min(1).max(63).describe('Namespace that every namespaced object is put into.').optional(),
  namePrefix: z.string().min(1).max(200).describe('Text to put before the name of every object.').optional(),
  nameSuffix: z.string().min(1).max(200).describe('Text to put after the name of every object.').optional(),
  commonMetadata: commonMetadata.optional(),
  patches: z.array(patch).describe('Changes to make to the manifests.').optional(),
  images: z.array(image).describe('Images to replace.').optional(),
  components: z.array(z.string()).describe('Kustomize components to add, as paths relative to spec.path.').optional(),
  ignoreMissingComponents: z.boolean().describe('True leaves out components whose path does not exist.').optional(),
  buildMetadata: z
    .array(z.enum(['originAnnotations', 'transformerAnnotations']))
    .describe('Annotations by which kustomize tells where an object came from.')
    .optional(),
  postBuild: postBuild.optional(),
  decryption: decryption.optional(),
};

const applying = {
  prune: z.boolean().describe('True deletes objects that have left the source.'),
  deletionPolicy: z
    .enum(['MirrorPrune', 'Delete', 'WaitForTermination', 'Orphan'])
    .describe(
      'What becomes of the objects when the Kustomization is deleted: as prune says (MirrorPrune, the default), Delete, delete and wait (WaitForTermination), or Orphan.',
    )
    .optional(),
  force: z
    .boolean()
    .meta({ default: false })
    .describe('True deletes and creates anew where a field cannot be changed.')
    .optional(),
  wait: z.boolean().describe('True demands that every object is healthy; healthChecks are then ignored.').optional(),
  healthChecks: z.array(healthCheck).describe('Objects that must be healthy.').optional(),
  healthCheckExprs: z.array(healthCheckExpression).describe('How to judge the health of custom resources.').optional(),
  dependsOn: z.array(dependency).describe('Kustomizations that must be ready before this one is synced.').optional(),
  ignore: z.array(ignoreRule).describe('Fields that others may change without being put back.').optional(),
  serviceAccountName: z
    .string()
    .describe('Service account of the same namespace to act as; it needs the rights to apply every object.')
    .optional(),
  kubeConfig: kubeConfig.optional(),
};

const older = {
  validation: z
    .enum(['none', 'client', 'server'])
    .describe('Field of older versions, without effect: every object is validated by the API server.')
    .optional(),
  patchesStrategicMerge: z
    .array(z.unknown())
    .describe('Field of older versions: strategic merge patches; use patches instead.')
    .optional(),
  patchesJson6902: z
    .array(
      z.object({
        patch: z.array(jsonPatchOperation).describe('The operations, in order.'),
        target: selector.describe('Which objects to patch.'),
      }),
    )
    .describe('Field of older versions: JSON patches; use patches instead.')
    .optional(),
};

/** The schema of `spec`. */
export const kustomizationSpec = z
  .object({ ...timing, ...building, ...applying, ...older })
  .describe('What to deploy from the source, and how.');
export type KustomizationSpec = z.infer<typeof kustomizationSpec>;
