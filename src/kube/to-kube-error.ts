/** The only place that knows the API server's statuses, reasons and messages; everyone else reads a KubeError. */
import type { Disposition, ErrorCode } from '../errors/codes.ts';
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { REDACTED } from '../errors/redact.ts';
import type { KubeObject } from '../model/kube-object.ts';

interface KubeStatus {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly kind?: string; readonly causes?: readonly { readonly reason?: string }[] };
}

interface KubeErrorDetails {
  readonly status: number;
  readonly kubeReason: string;
  readonly causes?: readonly string[];
  readonly disposition?: Disposition;
  readonly cause?: unknown;
}

const IMMUTABLE =
  /field is immutable|may not change once set|updates to statefulset spec for fields other than|is immutable after creation|cannot change roleRef|is forbidden after creation|may not be changed in an update|pod updates may not change fields other than|updates to \w+ are forbidden/i;
const FIELD_NOT_DECLARED = ': field not declared in schema';
const DRY_RUN_UNSUPPORTED = /does not support dry run/i;
const TOO_LARGE = /request is too large|ResourceExhausted|larger than max/;
const UNSERVED_VERSION = /convert CR to an invalid group\/version/;

/** A request that the API server refused, or that never got an answer. */
export class KubeError extends HawserError {
  override readonly name = 'KubeError';
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** `NotFound`, `Conflict`, `AlreadyExists`, `Invalid`, `Forbidden`, `InternalError`, …; empty where the API server gave none. */
  readonly kubeReason: string;
  readonly #causes: readonly string[];

  constructor(code: ErrorCode, message: string, details: KubeErrorDetails) {
    const { status, kubeReason, disposition, cause } = details;
    super(code, message, {
      data: { status, kubeReason },
      ...(disposition === undefined ? {} : { disposition }),
      ...(cause === undefined ? {} : { cause }),
    });
    this.status = status;
    this.kubeReason = kubeReason;
    this.#causes = details.causes ?? [];
  }

  get isNotFound(): boolean {
    return this.status === 404 && this.kubeReason === 'NotFound';
  }

  /** The object changed meanwhile, or is not the one that a precondition named. */
  get isConflict(): boolean {
    return this.status === 409 && this.kubeReason !== 'AlreadyExists';
  }

  /** The resourceVersion to go on from is too old. */
  get isExpired(): boolean {
    return this.status === 410;
  }

  get isImmutable(): boolean {
    return this.status === 422 && IMMUTABLE.test(this.message);
  }

  get isNamespaceTerminating(): boolean {
    return this.#causes.includes('NamespaceTerminating');
  }

  /** The schema lacks a field, which may be because its CRD was just changed. */
  get isFieldNotDeclared(): boolean {
    return this.message.includes(FIELD_NOT_DECLARED);
  }

  /** Paths of the fields that the schema lacks, such as `.spec.template.spec.containers[name="web"].foo`. */
  get undeclaredFields(): readonly string[] {
    return this.message.split('\n').flatMap((line) => parseUndeclaredField(line) ?? []);
  }

  /** A dry-run would call a webhook that may have side effects: the object cannot be tried, only written. */
  get isDryRunUnsupported(): boolean {
    return DRY_RUN_UNSUPPORTED.test(this.message);
  }

  /** The object is larger than etcd, or the API server's connection to it, takes. */
  get isTooLarge(): boolean {
    return TOO_LARGE.test(this.message);
  }

  /** managedFields name a version that is no longer served; they must be rewritten before any apply. */
  get isManagedByUnservedVersion(): boolean {
    return UNSERVED_VERSION.test(this.message);
  }
}

/** Reads `  .spec.typo: field not declared in schema`; where there is only one such field, it follows the object in brackets. */
function parseUndeclaredField(line: string): string | undefined {
  if (!line.endsWith(FIELD_NOT_DECLARED)) return undefined;
  const text = line.slice(0, -FIELD_NOT_DECLARED.length).trimStart();
  if (text.startsWith('.')) return text;
  const start = text.indexOf('): .');
  return start < 0 ? undefined : text.slice(start + '): '.length);
}

interface Refusal {
  readonly status: number;
  readonly body: string;
  /** What was sent: the values of a Secret are masked in the API server's words. */
  readonly sent?: KubeObject | undefined;
  /** `no matches for kind "Widget" in version "example.com/v1"`, for a path that nobody serves. */
  readonly notServed?: string | undefined;
}

/** Translates an answer with status 400 or above. */
export function toKubeError({ status, body, sent, notServed }: Refusal): KubeError {
  const parsed = parseStatus(body);
  if (status === 404 && parsed === undefined) return toKindNotServedError(notServed ?? body.trim());
  const message = maskSecretValues(parsed?.message || body.trim() || `HTTP status ${status}`, sent);
  const { code, disposition } = classify(status, message);
  return new KubeError(code, message, {
    status,
    kubeReason: parsed?.reason ?? '',
    causes: parsed?.details?.causes?.map((cause) => cause.reason ?? '') ?? [],
    ...(disposition === undefined ? {} : { disposition }),
  });
}

/** Nobody serves this kind: it does not exist, does not exist yet, or not in this version. */
export function toKindNotServedError(message: string): KubeError {
  return new KubeError('KUBE_KIND_NOT_SERVED', message, { status: 404, kubeReason: '' });
}

/** The API server lists a group of an extension server that does not answer: which kinds it has is not known now. */
export function toGroupUnavailableError({ group, version }: { group: string; version: string }): KubeError {
  const message = `the server behind APIService/${version}.${group} does not answer, so that no kind of ${group}/${version} is known: repair it, or delete the APIService`;
  return new KubeError('KUBE_UNAVAILABLE', message, { status: 503, kubeReason: '' });
}

/** The words of the RESTMapper, which people know from kubectl. */
export function formatNoMatch(kind: string, apiVersion: string): string {
  return `no matches for kind "${kind}" in version "${apiVersion}"`;
}

/** Translates a broken connection, a timeout, a name that does not resolve; what is coded already is left as it is. */
export function toConnectionError(error: unknown, server: URL): HawserError {
  if (error instanceof HawserError) return error;
  const message = `the API server at ${server.host} cannot be reached: ${messageOf(error)}`;
  return new KubeError('KUBE_UNREACHABLE', message, { status: 0, kubeReason: '', cause: error });
}

interface Classification {
  readonly code: ErrorCode;
  readonly disposition?: Disposition;
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'KUBE_FORBIDDEN',
  403: 'KUBE_FORBIDDEN',
  404: 'KUBE_NOT_FOUND',
  409: 'KUBE_CONFLICT',
  410: 'KUBE_CONFLICT',
  429: 'KUBE_UNAVAILABLE',
};

/** Told apart by their text, because the API server answers them with 500 and no reason. */
const FINAL_FAILURES =
  /failed to create typed patch object|unable to convert unstructured object to|convert CR to an invalid|request is too large|ResourceExhausted/;
/** What an admission webhook denies may be allowed a moment later. */
const DENIED_BY_WEBHOOK = /admission webhook .* denied the request/;

function classify(status: number, message: string): Classification {
  const code = CODES[status];
  if (code) return { code };
  if (status >= 500) return { code: FINAL_FAILURES.test(message) ? 'KUBE_REJECTED' : 'KUBE_UNAVAILABLE' };
  return DENIED_BY_WEBHOOK.test(message) ? { code: 'KUBE_REJECTED', disposition: 'retry' } : { code: 'KUBE_REJECTED' };
}

/** Undefined for anything but a Status object, such as the plain text of an unknown path. */
function parseStatus(body: string): KubeStatus | undefined {
  if (!body.startsWith('{')) return undefined;
  try {
    const parsed = JSON.parse(body) as KubeStatus & { kind?: string };
    return parsed.kind === 'Status' ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const QUOTED_VALUES: readonly [RegExp, string][] = [
  [/(Invalid value: )(?:"(?:[^"\\]|\\.)*"|[^\s:]+)/g, `$1${REDACTED}`],
  [/(expected \S+, got ).*/gs, `$1${REDACTED}`],
];

function maskSecretValues(message: string, sent: KubeObject | undefined): string {
  if (sent?.kind !== 'Secret') return message;
  let masked = message;
  for (const value of valuesOf(sent)) masked = masked.replaceAll(value, REDACTED);
  for (const [pattern, replacement] of QUOTED_VALUES) masked = masked.replace(pattern, replacement);
  return masked;
}

/** Every value of a Secret that could be quoted, as written and decoded, the longest first. */
function valuesOf(secret: KubeObject): string[] {
  const values = new Set<string>();
  for (const field of [secret.data, secret.stringData]) {
    if (field === null || typeof field !== 'object') continue;
    for (const value of Object.values(field).map(String)) {
      values.add(value).add(JSON.stringify(value).slice(1, -1)).add(Buffer.from(value, 'base64').toString());
    }
  }
  return [...values].filter((value) => value.length > 3).sort((a, b) => b.length - a.length);
}
