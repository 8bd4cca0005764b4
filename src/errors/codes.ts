/**
 * What a caller must do about an error: try again with backoff, try again at a given time,
 * or wait until a person has changed something.
 */
export type Disposition = 'retry' | 'retryAt' | 'stalled';

/** Whose change would have avoided a failure: the author's of what was pushed, or ours, who run Hawser and the cluster. */
export type Blame = 'manifests' | 'us';

interface CodeInfo {
  /** Reason of the condition and event that report this error (Flux's word where there is one). */
  readonly reason: string;
  readonly disposition: Disposition;
  /** What the commit is told. Absent: the manifests where a person must change something, us where it may pass. */
  readonly blame?: Blame;
  /** One sentence for docs/errors.md: what happened and what to do. */
  readonly help: string;
}

/** Every error code; docs/errors.md is compared with this table. */
export const ERROR_CODES = {
  CONFIG_INVALID: {
    reason: 'ConfigInvalid',
    disposition: 'stalled',
    help: 'An environment variable is missing or malformed. The message names each one; correct them and start again.',
  },
  INTERNAL: {
    reason: 'InternalError',
    disposition: 'retry',
    help: 'An unexpected error inside Hawser. It is retried; the log has the stack.',
  },
  RESOURCE_INVALID: {
    reason: 'InvalidSpec',
    disposition: 'stalled',
    help: 'A GitRepository or Kustomization holds a field of a wrong type or form. The message names each field; correct the object.',
  },
  FIELD_UNSUPPORTED: {
    reason: 'UnsupportedField',
    disposition: 'stalled',
    help: 'A GitRepository or Kustomization uses a field that this version does not carry out, so nothing was done. The message names each one; remove it.',
  },
  KUBE_ACCESS_INVALID: {
    reason: 'ClusterAccessInvalid',
    disposition: 'stalled',
    help: 'The kubeconfig or the in-cluster credentials cannot be used. The message names the file or Secret and what is wrong; correct it, and after a file start again.',
  },
  KUBE_CREDENTIALS_UNAVAILABLE: {
    reason: 'ReconciliationFailed',
    disposition: 'retry',
    help: 'A token file, exec plugin or identity provider gave no credentials for the cluster. It is retried; see the message for the cause.',
  },
  KUBE_UNREACHABLE: {
    reason: 'ReconciliationFailed',
    disposition: 'retry',
    help: 'The API server did not answer in time or the connection broke. It is retried; check the network and the API server if it lasts.',
  },
  KUBE_KIND_NOT_SERVED: {
    reason: 'ReconciliationFailed',
    disposition: 'retry',
    blame: 'manifests',
    help: 'The API server does not serve this kind in this version. It is retried; install the CustomResourceDefinition or correct apiVersion and kind.',
  },
  KUBE_REJECTED: {
    reason: 'ReconciliationFailed',
    disposition: 'stalled',
    help: 'The API server refused the object as it is written. Correct the field that the message names.',
  },
  KUBE_FORBIDDEN: {
    reason: 'ReconciliationFailed',
    disposition: 'retry',
    blame: 'manifests',
    help: 'The identity in use may not do this. It is retried; grant the permission that the message names.',
  },
  SERVICE_ACCOUNT_NOT_FOUND: {
    reason: 'ReconciliationFailed',
    disposition: 'retry',
    blame: 'manifests',
    help: 'The service account to act as is not in the cluster that is deployed to. It is retried; create it there, or correct spec.serviceAccountName.',
  },
  KUBE_CONFLICT: {
    reason: 'ReconciliationFailed',
    disposition: 'retry',
    help: 'The object was changed by someone else meanwhile. It is read again and retried; nothing needs to be done.',
  },
  KUBE_NOT_FOUND: {
    reason: 'ReconciliationFailed',
    disposition: 'retry',
    blame: 'manifests',
    help: 'The object, or the namespace it belongs to, is not in the cluster. It is retried; create it or correct the name.',
  },
  KUBE_UNAVAILABLE: {
    reason: 'ReconciliationFailed',
    disposition: 'retry',
    help: 'The API server, or a webhook or extension it depends on, failed or is overloaded. It is retried with backoff.',
  },
  WEBHOOK_SIGNATURE_MISSING: {
    reason: 'SignatureMissing',
    disposition: 'stalled',
    help: 'A delivery came without a signature or token. Set the same secret in the provider’s webhook settings and in Hawser, then redeliver.',
  },
  WEBHOOK_SIGNATURE_INVALID: {
    reason: 'SignatureInvalid',
    disposition: 'stalled',
    help: 'A delivery’s signature or token does not match any configured secret, or was made at another time than now. Set the same secret on both sides, check the clocks, then redeliver.',
  },
  WEBHOOK_BODY_INVALID: {
    reason: 'DeliveryInvalid',
    disposition: 'stalled',
    help: 'An authentic delivery is not what the provider documents. The message names the field; check what sits between the provider and Hawser.',
  },
  HTTP_BODY_TOO_LARGE: {
    reason: 'BodyTooLarge',
    disposition: 'stalled',
    help: 'A request body exceeds the limit of its route (25 MiB for webhooks). Providers send nothing larger; the push is found by polling.',
  },
  HTTP_BODY_INCOMPLETE: {
    reason: 'BodyIncomplete',
    disposition: 'retry',
    help: 'A request body did not arrive completely in time. Send it again; check the network and proxies in between if it lasts.',
  },
  HTTP_OVERLOADED: {
    reason: 'Overloaded',
    disposition: 'retry',
    help: 'Too many unfinished request bodies were held at once, so the oldest was given up. Send it again.',
  },
  HTTP_REQUEST_INVALID: {
    reason: 'RequestInvalid',
    disposition: 'stalled',
    help: 'A request is not well-formed HTTP, or has a malformed URL or content type. Correct the client.',
  },
  HTTP_NOT_FOUND: {
    reason: 'NotFound',
    disposition: 'stalled',
    help: 'Nothing is served at this method and path. A webhook route answers so until a secret is configured for it.',
  },
  AUTH_MISSING: {
    reason: 'AuthenticationMissing',
    disposition: 'stalled',
    help: 'A trigger or a call of the API carried no token. Send `Authorization: Bearer <token>`.',
  },
  AUTH_INVALID: {
    reason: 'AuthenticationFailed',
    disposition: 'stalled',
    help: 'A bearer token is neither one of HAWSER_TRIGGER_TOKEN nor one that Kubernetes knows, or has expired. Use a valid one.',
  },
  AUTH_UNAVAILABLE: {
    reason: 'AuthenticationUnavailable',
    disposition: 'retry',
    help: 'A token of Kubernetes could not be checked: the API server did not answer, or Hawser may not create TokenReviews and SubjectAccessReviews. The message says which; try again, or grant the right.',
  },
  ACCESS_FORBIDDEN: {
    reason: 'Forbidden',
    disposition: 'stalled',
    help: 'The owner of the token lacks the right in Kubernetes that the message names. Grant it by a Role and a RoleBinding.',
  },
  TRIGGER_INVALID: {
    reason: 'TriggerInvalid',
    disposition: 'stalled',
    help: 'A trigger or a call of the API is malformed: name, parameter or body. The message says what; correct the caller.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    reason: 'IdempotencyKeyReused',
    disposition: 'stalled',
    help: 'The Idempotency-Key was used within a day for another object or revision. Use a new key for each thing that is asked.',
  },
  RECEIVERS_UNAVAILABLE: {
    reason: 'NotReady',
    disposition: 'retry',
    help: 'A Receiver was called before Hawser knew the Receivers of the cluster, as just after its start. Call again in a few seconds; if it lasts, the log says why they cannot be listed.',
  },
  RECEIVER_INVALID: {
    reason: 'ValidationFailed',
    disposition: 'stalled',
    help: 'A Receiver is of a type that this version does not take, lacks what its type needs, or names objects that it must not ask. The message says which; correct the Receiver.',
  },
  RECEIVER_TOKEN_NOT_FOUND: {
    reason: 'TokenNotFound',
    disposition: 'retry',
    help: 'The Secret of a Receiver cannot be read or has no key `token`, so the Receiver has no path. It is read again when it changes.',
  },
  DELIVERY_NOT_STORED: {
    reason: 'DeliveryNotStored',
    disposition: 'retry',
    help: 'An authentic delivery could not be stored because Redis did not take it in time. Redeliver it; otherwise polling finds the push.',
  },
  CREDENTIALS_UNAVAILABLE: {
    reason: 'AuthenticationFailed',
    disposition: 'retry',
    help: 'A Secret or service account that a source refers to could not be read, or GitHub or Microsoft Entra ID gave no token for it. It is retried; the message says what is missing or who is away.',
  },
  CREDENTIALS_UNSUPPORTED: {
    reason: 'AuthenticationFailed',
    disposition: 'retry',
    help: 'The Secret or service account does not hold what the source needs (a key or an annotation is missing, or its value is malformed), or the host refused what it says. The message names it; it is read again at the next attempt.',
  },
  ARTIFACT_PATH_INVALID: {
    reason: 'IllegalPath',
    disposition: 'stalled',
    help: 'A namespace, name or commit cannot be part of an artifact’s path. This points to a corrupt resource or a bug; report it.',
  },
  ARTIFACT_NOT_WRITTEN: {
    reason: 'ArchiveOperationFailed',
    disposition: 'retry',
    help: 'The artifact of a source could not be written to the data directory. It is retried; check free space and permissions there.',
  },
  ARTIFACT_NOT_FOUND: {
    reason: 'ArtifactFailed',
    disposition: 'retry',
    help: 'The artifact that a source’s status names is not served (any more). It is retried, and its source will publish it again; look at the source and at who serves its artifacts if it lasts.',
  },
  ARTIFACT_INVALID: {
    reason: 'ArtifactFailed',
    disposition: 'stalled',
    help: 'The artifact of a source cannot be used: it is damaged, exceeds a bound, holds something else than files, directories and links, or is not what its digest says. The message names the cause; publish it again without it.',
  },
  ARTIFACT_UNAVAILABLE: {
    reason: 'ArtifactFailed',
    disposition: 'retry',
    help: 'The artifact of a source could not be downloaded: no connection, no answer in time, or an error of the server. It is retried; check the network between Hawser and the URL in the source’s status.artifact.',
  },
  REDIS_NOT_FOUND: {
    reason: 'RedisNotFound',
    disposition: 'stalled',
    help: 'No REDIS_URL is set, and neither redis-server nor valkey-server is on the PATH. Install one of them, or set REDIS_URL to a server of your own.',
  },
  REDIS_START_FAILED: {
    reason: 'RedisStartFailed',
    disposition: 'stalled',
    help: 'The Redis server that Hawser starts for itself ended or did not answer. The message has its last words; the log redis/redis.log in the data directory has the rest.',
  },
  REDIS_UNAVAILABLE: {
    reason: 'RedisUnavailable',
    disposition: 'retry',
    help: 'Redis does not answer. Work goes on by itself once it does; check REDIS_URL, the network and the server.',
  },
  APPLY_INVALID: {
    reason: 'ReconciliationFailed',
    disposition: 'stalled',
    help: 'A manifest cannot be applied as it is. The message names the object and what it lacks; correct it in Git.',
  },
  APPLY_FAILED: {
    reason: 'ReconciliationFailed',
    disposition: 'stalled',
    help: "The API server refused an object. The message names it and repeats the API server's reason; correct the manifest, or what the reason names, and push.",
  },
  IGNORE_RULE_INVALID: {
    reason: 'ReconciliationFailed',
    disposition: 'stalled',
    help: 'A rule of spec.ignore names its objects in a way that cannot be read. The message names the field; correct the regular expression or selector.',
  },
  OBJECT_TERMINATING: {
    reason: 'ReconciliationFailed',
    disposition: 'retry',
    blame: 'manifests',
    help: 'An object that was deleted is still there when the time of the sync is up, because finalizers hold it. The message names them; it is waited for again. Find out why their controller does not remove them.',
  },
  PRUNE_FAILED: {
    reason: 'PruneFailed',
    disposition: 'retry',
    help: 'An object that left Git could not be deleted. It stays in the inventory and is tried again; the message names it and the reason.',
  },
  HEALTH_CHECK_FAILED: {
    reason: 'HealthCheckFailed',
    disposition: 'retry',
    blame: 'manifests',
    help: 'An object failed, or was not healthy before spec.timeout ended. The message names it; it is looked at again when its state changes.',
  },
  SOURCE_NOT_FOUND: {
    reason: 'ArtifactFailed',
    disposition: 'retry',
    blame: 'manifests',
    help: 'spec.sourceRef names a GitRepository that does not exist. Create it, or correct the reference.',
  },
  INVENTORY_TOO_LARGE: {
    reason: 'ReconciliationFailed',
    disposition: 'stalled',
    help: 'A Kustomization has more objects than its status can list. Split its path among several Kustomizations.',
  },
  SOURCE_ACCESS_DENIED: {
    reason: 'AccessDenied',
    disposition: 'stalled',
    help: 'spec.sourceRef names a source of another namespace, and HAWSER_NO_CROSS_NAMESPACE_REFS forbids that. Use a source of the same namespace.',
  },
  DEPENDENCY_CYCLE: {
    reason: 'DependencyNotReady',
    disposition: 'stalled',
    help: 'Kustomizations depend on each other in a circle, so that none can ever be ready. The message names the circle; remove one entry of spec.dependsOn.',
  },
  TARGET_UNAVAILABLE: {
    reason: 'ReconciliationFailed',
    disposition: 'retry',
    help: 'The Secret or ConfigMap that spec.kubeConfig names could not be read, or lacks what it must hold. It is retried; create or correct it.',
  },
  TARGET_UNSUPPORTED: {
    reason: 'ReconciliationFailed',
    disposition: 'stalled',
    help: 'spec.kubeConfig asks for a way into the cluster that this version does not know, such as a cloud identity. Use a kubeconfig in a Secret, or the provider generic.',
  },
  VARIABLES_UNAVAILABLE: {
    reason: 'BuildFailed',
    disposition: 'retry',
    blame: 'manifests',
    help: 'A ConfigMap or Secret of spec.postBuild.substituteFrom could not be read. It is retried; create it, or mark it optional.',
  },
  VARIABLES_INVALID: {
    reason: 'BuildFailed',
    disposition: 'stalled',
    help: 'A variable of spec.postBuild has a name that cannot be one. The message names it; rename it.',
  },
  DECRYPTION_KEYS_UNAVAILABLE: {
    reason: 'BuildFailed',
    disposition: 'retry',
    blame: 'manifests',
    help: 'The Secret that spec.decryption.secretRef names does not exist. It is retried; create it, or correct the reference.',
  },
  SOURCE_URL_INVALID: {
    reason: 'URLInvalid',
    disposition: 'stalled',
    help: 'The URL of a GitRepository names no repository, or holds a user name or a password, which everybody who may read the object would see. Correct it; put user name and password into a Secret and name it in spec.secretRef.',
  },
  SYNC_SUPERSEDED: {
    reason: 'Superseded',
    disposition: 'retry',
    help: 'A newer revision arrived while this one was being applied, and takes over between two stages.',
  },
  SYNC_STALE: {
    reason: 'ReconciliationFailed',
    disposition: 'retry',
    help: 'Another process has synced the object meanwhile: its inventory or attempted revision has changed. The sync starts over.',
  },
  SYNC_TIMEOUT: {
    reason: 'ReconciliationFailed',
    disposition: 'retry',
    help: 'A sync took longer than spec.timeout. It is tried again; raise the timeout if the set is large.',
  },
  DATA_DIR_IN_USE: {
    reason: 'ConfigInvalid',
    disposition: 'stalled',
    help: 'Another Hawser process uses the same data directory. Give each process a HAWSER_DATA_DIR of its own.',
  },
  SYNC_LEASE_LOST: {
    reason: 'LeaseLost',
    disposition: 'retry',
    help: 'A sync could not prove that it is the only one of its object (Redis was away, emptied, or the process stood still), so it stopped before its next write. It runs again by itself.',
  },
  SIGNATURE_INVALID: {
    reason: 'InvalidGitObject',
    disposition: 'retry',
    blame: 'manifests',
    help: 'A commit or tag is not signed, or not by a key in the Secret that spec.verify.secretRef names, so nothing of it is deployed. Push one that is signed, or add the key to the Secret; both are looked at again.',
  },
  VERIFICATION_MODE_INVALID: {
    reason: 'InvalidVerificationMode',
    disposition: 'stalled',
    help: 'spec.verify.mode demands a signed tag, and spec.ref follows no tag. Follow one by tag, semver or name, or set the mode to HEAD.',
  },
  VERIFICATION_KEYS_INVALID: {
    reason: 'VerificationError',
    disposition: 'retry',
    help: 'The Secret that spec.verify.secretRef names is missing or holds something that is no usable public key. The message names the entry; correct the Secret, it is read again at the next attempt.',
  },
  GIT_UNREACHABLE: {
    reason: 'GitOperationFailed',
    disposition: 'retry',
    help: 'The Git server did not answer in time, the connection broke, or it answered with an error. It is retried; check the URL, the network and the server if it lasts.',
  },
  GIT_RATE_LIMITED: {
    reason: 'GitOperationFailed',
    disposition: 'retry',
    help: 'The Git server asks to be left alone for a while. The message says until when, at most an hour; no source with this URL and these credentials is polled or fetched until then, and a push is tried once. Poll more rarely, or use credentials with a higher limit, if it lasts.',
  },
  GIT_AUTHENTICATION_FAILED: {
    reason: 'GitOperationFailed',
    disposition: 'retry',
    help: 'The Git server refused the credentials or wants some. It is retried; correct the secret that spec.secretRef names.',
  },
  GIT_HOST_KEY_UNTRUSTED: {
    reason: 'GitOperationFailed',
    disposition: 'retry',
    help: 'An SSH server showed a key that known_hosts does not name for it, so nothing was sent. It is retried; compare the key with what the host publishes and correct known_hosts in the Secret, or find out who answers in its place.',
  },
  GIT_REPOSITORY_NOT_FOUND: {
    reason: 'GitOperationFailed',
    disposition: 'retry',
    help: 'There is no repository at this URL, or the credentials do not reach it. It is retried; correct spec.url or the secret.',
  },
  GIT_EMPTY_REPOSITORY: {
    reason: 'EmptyGitRepository',
    disposition: 'retry',
    help: 'The repository has no branch and no tag. It is retried; push a first commit.',
  },
  GIT_REF_NOT_FOUND: {
    reason: 'GitOperationFailed',
    disposition: 'retry',
    help: 'The repository has no such branch or tag. What is deployed stays; push the ref or correct spec.ref.',
  },
  GIT_REF_INVALID: {
    reason: 'GitOperationFailed',
    disposition: 'stalled',
    help: 'spec.ref holds a range of versions that cannot be read, or a commit id that is none. What is deployed stays; correct spec.ref.',
  },
  GIT_DIRECTORY_NOT_FOUND: {
    reason: 'GitOperationFailed',
    disposition: 'retry',
    blame: 'manifests',
    help: 'The commit has no directory that spec.sparseCheckout names. What is deployed stays; push the directory, or correct spec.sparseCheckout.',
  },
  GIT_SUBMODULE_INVALID: {
    reason: 'GitOperationFailed',
    disposition: 'retry',
    blame: 'manifests',
    help: 'A submodule cannot be fetched: .gitmodules cannot be read, names a path or URL that is not allowed, or there are too many. The message names it; correct .gitmodules and push.',
  },
  INCLUDE_UNAVAILABLE: {
    reason: 'NoArtifact',
    disposition: 'retry',
    help: 'A GitRepository that spec.include names does not exist or has no artifact yet. The including one goes on when it has; look at the one that is named.',
  },
  INCLUDE_CIRCLE: {
    reason: 'IncludeCircle',
    disposition: 'stalled',
    help: 'GitRepositories include each other in a circle, so that each would change the other for ever. The message names the circle; remove one entry of spec.include.',
  },
  INCLUDE_INVALID: {
    reason: 'CopyFailure',
    disposition: 'stalled',
    help: 'An entry of spec.include cannot be carried out: its fromPath is not in the included artifact, or there is something at its toPath already. The message names the entry; correct it, or what is there.',
  },
  GIT_COMMIT_NOT_FOUND: {
    reason: 'GitOperationFailed',
    disposition: 'retry',
    help: 'The Git server does not serve this commit (yet). It is retried; if it lasts, the commit is on no branch.',
  },
  GIT_PROTOCOL_UNSUPPORTED: {
    reason: 'GitOperationFailed',
    disposition: 'retry',
    help: 'The Git server speaks something that is not supported: dumb HTTP, SHA-256, no shallow fetches, or a redirect to another host. The message names it and the way out.',
  },
  GIT_RESPONSE_INVALID: {
    reason: 'GitOperationFailed',
    disposition: 'retry',
    help: 'The answer of the Git server was cut short or makes no sense. It is retried.',
  },
  GIT_LIMIT_EXCEEDED: {
    reason: 'GitOperationFailed',
    disposition: 'retry',
    help: 'The repository exceeds a bound (size of a response, of an object, number of objects or refs, depth). The message names it; make the repository smaller.',
  },
  GIT_CONTENT_INVALID: {
    reason: 'GitOperationFailed',
    disposition: 'retry',
    help: 'A commit or tree of the repository is malformed or names a file in a way that is not allowed. The message names it; push a commit without it.',
  },
  GIT_OBJECT_MISSING: {
    reason: 'GitOperationFailed',
    disposition: 'retry',
    help: 'An object of the repository is not in the local store. It is fetched again with the next sync.',
  },
  GIT_STORE_FAILED: {
    reason: 'StorageOperationFailed',
    disposition: 'retry',
    help: 'The local copy of a repository cannot be opened or written. It is retried; check space and permissions of HAWSER_DATA_DIR.',
  },
  GIT_STORE_CORRUPT: {
    reason: 'GitOperationFailed',
    disposition: 'retry',
    help: 'The local copy of the repository was damaged and has been dropped. It is fetched again with the next sync; check the disk if it lasts.',
  },
  TREE_PATH_NOT_FOUND: {
    reason: 'ArtifactFailed',
    disposition: 'stalled',
    help: 'The commit has no such file or directory. Correct the path, or push the file.',
  },
  TREE_LINK_ESCAPES: {
    reason: 'BuildFailed',
    disposition: 'stalled',
    help: 'A symbolic link leads out of the repository, or around in circles. The message names the link; make it point inside the repository.',
  },
  RENDER_PATH_NOT_FOUND: {
    reason: 'ArtifactFailed',
    disposition: 'stalled',
    help: 'The directory that spec.path names is not in the source, or leads out of it. Correct spec.path or add the directory.',
  },
  RENDER_FAILED: {
    reason: 'BuildFailed',
    disposition: 'stalled',
    help: 'The manifests could not be built. The message names the file and what is wrong with it; correct it and push again.',
  },
  RENDER_TIMEOUT: {
    reason: 'BuildFailed',
    disposition: 'retry',
    blame: 'manifests',
    help: 'A kustomize build did not end in time and was stopped. It is retried; split the kustomization or give the worker more CPU.',
  },
  RENDER_UNAVAILABLE: {
    reason: 'BuildFailed',
    disposition: 'retry',
    help: 'The kustomize program could not be started. It is retried; install kustomize where the message says.',
  },
  DECRYPTION_KEYS_INVALID: {
    reason: 'BuildFailed',
    disposition: 'retry',
    blame: 'manifests',
    help: 'The Secret of spec.decryption holds something that is no usable age or PGP key. The message names the entry; correct the Secret, it is read again at the next attempt.',
  },
  DECRYPTION_FAILED: {
    reason: 'BuildFailed',
    disposition: 'stalled',
    help: 'A file or object that SOPS encrypted could not be decrypted. The message names it and what was tried; encrypt it for a key that spec.decryption names, or add that key to the Secret.',
  },
  DECRYPTION_REQUIRED: {
    reason: 'BuildFailed',
    disposition: 'stalled',
    help: 'A Secret is still encrypted by SOPS and the Kustomization has no spec.decryption. Configure it, or apply the Secret decrypted.',
  },
  CEL_INVALID: {
    reason: 'InvalidCELExpression',
    disposition: 'stalled',
    help: 'A CEL expression cannot be compiled, is not of the type that its field wants, or is there twice. The message names the field and the place; correct the expression.',
  },
  CEL_FAILED: {
    reason: 'DependencyNotReady',
    disposition: 'retry',
    blame: 'manifests',
    help: 'A CEL expression could not be evaluated: a field is missing, a value has the wrong type, or it takes too long. It is retried; guard fields that may be missing with has() or .?.',
  },
  MANIFEST_INVALID: {
    reason: 'BuildFailed',
    disposition: 'stalled',
    help: 'A file does not hold valid Kubernetes objects. The message names the file, the document and what is wrong; correct it and push again.',
  },
  SUBSTITUTION_FAILED: {
    reason: 'BuildFailed',
    disposition: 'stalled',
    help: 'A variable of postBuild could not be replaced in an object: it is not set, the expression is malformed, or its value breaks the object. The message names the object and the cause; set the variable or give it a default, write `$$` for a literal dollar sign, or opt the object out.',
  },
} as const satisfies Record<string, CodeInfo>;

export type ErrorCode = keyof typeof ERROR_CODES;
