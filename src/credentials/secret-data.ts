import { HawserError } from '../errors/hawser-error.ts';

/** Names a Kubernetes Secret. */
export interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

/** Reads the `data` of a Secret, still in base64; undefined if there is no such Secret. */
export type ReadSecret = (namespace: string, name: string) => Promise<Readonly<Record<string, string>> | undefined>;

/** What a Secret is read for; how an error begins. */
export type SecretPurpose = 'authentication' | 'proxy';

/** A Secret's content, read key by key; every complaint names the Secret. */
export interface SecretData {
  /** True if the key is there, be it empty. */
  has(key: string): boolean;
  /** The value as text, line feeds at its end included; undefined if the key is missing or empty. */
  text(key: string): string | undefined;
  /** A value of one line; undefined if the key is missing or empty. Throws if it holds a line break. */
  line(key: string): string | undefined;
  /** The error CREDENTIALS_UNSUPPORTED, to be thrown. */
  complain(problem: string, reason?: string): HawserError;
}

/** Reads the base64 `data` of a Secret. */
export function createSecretData(
  data: Readonly<Record<string, string>>,
  { namespace, name }: SecretName,
  purpose: SecretPurpose,
): SecretData {
  const complain = (problem: string, reason?: string) =>
    new HawserError(
      'CREDENTIALS_UNSUPPORTED',
      `failed to configure ${purpose} options: secret '${namespace}/${name}': ${problem}`,
      reason === undefined ? {} : { reason },
    );
  const has = (key: string) => Object.hasOwn(data, key);
  const text = (key: string) => {
    const encoded = has(key) ? data[key] : undefined;
    return encoded ? Buffer.from(encoded, 'base64').toString('utf8') : undefined;
  };
  const line = (key: string) => {
    const value = text(key);
    if (value === undefined || !/[\r\n\0]/.test(value)) return value;
    throw complain(`the value of '${key}' holds a line break (was it encoded by echo without -n?)`);
  };
  return { has, text, line, complain };
}
