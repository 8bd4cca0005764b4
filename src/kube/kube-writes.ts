import { type KubeObject, type ObjectRef, refOf } from '../model/kube-object.ts';
import type {
  ApplyOptions,
  ApplyResult,
  DeleteOptions,
  JsonPatchOperation,
  KubeClient,
  PatchOptions,
  WriteOptions,
} from './kube-client.ts';
import { acceptFor, JSON_TYPE, type KubeContext, locateObject } from './kube-context.ts';
import { parseKubeJson, stringifyKubeJson } from './kube-json.ts';
import { parseWarnings } from './parse-warnings.ts';
import { toQuery } from './resource-path.ts';
import { KubeError } from './to-kube-error.ts';

const WRITE_TIMEOUT_MS = 30_000;

export function createWrites(
  context: KubeContext,
): Pick<KubeClient, 'create' | 'createSubresource' | 'apply' | 'mergePatch' | 'jsonPatch' | 'delete'> {
  return {
    create: (object, options) => createObject(context, object, options),
    createSubresource: (ref, subresource, body, options) =>
      postToSubresource(context, ref, { ...options, subresource, body }),
    apply: (object, options) => applyObject(context, object, options),
    mergePatch: (ref, patch, options) =>
      patchObject(context, ref, { ...options, patch, type: 'merge', isIdempotent: !hasResourceVersion(patch) }),
    jsonPatch: (ref, operations: readonly JsonPatchOperation[], options) =>
      patchObject(context, ref, { ...options, patch: operations, type: 'json', isIdempotent: false }),
    delete: (ref, options) => deleteObject(context, ref, options),
  };
}

async function createObject(context: KubeContext, object: KubeObject, options: WriteOptions = {}) {
  const { collectionPath, notServed } = await locateObject(context, refOf(object));
  const { body } = await context.call({
    ...writeCall(context, options, { accept: JSON_TYPE, type: JSON_TYPE }),
    method: 'POST',
    path: `${collectionPath}${toQuery(writeQuery(options))}`,
    body: stringifyKubeJson(object),
    isIdempotent: false,
    sent: object,
    notServed,
  });
  return parseKubeJson<KubeObject>(body);
}

interface SubresourceRequest extends WriteOptions {
  readonly subresource: 'token';
  readonly body: unknown;
}

async function postToSubresource(context: KubeContext, ref: ObjectRef, request: SubresourceRequest): Promise<unknown> {
  const { path, notServed } = await locateObject(context, ref, request.subresource);
  const { body } = await context.call({
    ...writeCall(context, request, { accept: JSON_TYPE, type: JSON_TYPE }),
    method: 'POST',
    path: `${path}${toQuery(writeQuery(request))}`,
    body: stringifyKubeJson(request.body),
    isIdempotent: true,
    notServed,
  });
  return parseKubeJson(body);
}

async function applyObject(context: KubeContext, object: KubeObject, options: ApplyOptions): Promise<ApplyResult> {
  const { path, notServed } = await locateObject(context, refOf(object));
  const { fieldValidation, metadataOnly } = options;
  const response = await context.call({
    ...writeCall(context, options, { accept: acceptFor(metadataOnly), type: 'application/apply-patch+yaml' }),
    method: 'PATCH',
    path: `${path}${toQuery({ ...writeQuery(options), force: true, fieldValidation })}`,
    body: stringifyKubeJson(object),
    isIdempotent: true,
    sent: object,
    notServed,
  });
  const answer = parseKubeJson<KubeObject>(response.body);
  return {
    object: { ...answer, apiVersion: object.apiVersion, kind: object.kind },
    created: response.status === 201,
    warnings: parseWarnings(response.headers.warning),
  };
}

interface PatchRequest extends PatchOptions {
  readonly patch: unknown;
  readonly type: 'merge' | 'json';
  readonly isIdempotent: boolean;
}

async function patchObject(context: KubeContext, ref: ObjectRef, request: PatchRequest): Promise<KubeObject> {
  const { path, notServed } = await locateObject(context, ref, request.subresource);
  const { body } = await context.call({
    ...writeCall(context, request, { accept: JSON_TYPE, type: `application/${request.type}-patch+json` }),
    method: 'PATCH',
    path: `${path}${toQuery(writeQuery(request))}`,
    body: stringifyKubeJson(request.patch),
    isIdempotent: request.isIdempotent,
    notServed,
  });
  return parseKubeJson<KubeObject>(body);
}

async function deleteObject(context: KubeContext, ref: ObjectRef, options: DeleteOptions = {}) {
  const { uid, resourceVersion, propagation } = options;
  try {
    const { path, notServed } = await locateObject(context, ref);
    await context.call({
      ...writeCall(context, options, { accept: acceptFor(true), type: JSON_TYPE }),
      method: 'DELETE',
      path: `${path}${toQuery(writeQuery(options))}`,
      body: stringifyKubeJson({
        preconditions: { uid, resourceVersion },
        propagationPolicy: propagation,
        // With a body the API server does not look at the query for it.
        ...(options.dryRun ? { dryRun: ['All'] } : {}),
      }),
      isIdempotent: uid !== undefined,
      notServed,
    });
    return 'deleted';
  } catch (error) {
    // An object of a kind that is no longer served went with its CRD.
    if (error instanceof KubeError && (error.isNotFound || error.code === 'KUBE_KIND_NOT_SERVED')) return 'gone';
    throw error;
  }
}

function writeCall(context: KubeContext, options: WriteOptions, media: { accept: string; type: string }) {
  return {
    headers: { ...context.headers, accept: media.accept, 'content-type': media.type },
    urgent: options.urgent,
    signal: options.signal,
    beforeAttempt: options.beforeWrite,
    timeoutMs: options.timeoutMs ?? WRITE_TIMEOUT_MS,
  };
}

/** The API server is told our time limit, so that it gives up, too, rather than write after we stopped waiting. */
function writeQuery({ fieldManager, dryRun, timeoutMs = WRITE_TIMEOUT_MS }: WriteOptions) {
  return { fieldManager, dryRun: dryRun ? 'All' : undefined, timeout: `${Math.ceil(timeoutMs / 1_000)}s` };
}

/** With a resourceVersion, a repeated patch would meet its own first effect as a conflict. */
function hasResourceVersion(patch: unknown): boolean {
  const metadata = (patch as { metadata?: { resourceVersion?: string } } | null)?.metadata;
  return metadata?.resourceVersion !== undefined;
}
