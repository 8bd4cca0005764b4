/** How SOPS may have wrapped a data key: the names of its metadata fields. */
export type KeyKind = 'age' | 'pgp' | 'kms' | 'gcp_kms' | 'azure_kv' | 'hc_vault' | 'hckms';

/** One wrapped copy of a document's data key, as SOPS metadata lists it. */
export interface WrappedKey {
  readonly kind: KeyKind;
  /** The public name of the key that opens it: an age recipient, a fingerprint, an ARN. */
  readonly id: string;
  /** The wrapped data key, in the form of its kind. */
  readonly wrapped: string;
}

/** One way of opening data keys: age and PGP keys here, a cloud's key management later. */
export interface KeyService {
  /** For messages, such as `age`. */
  readonly name: string;
  canUnwrap(key: WrappedKey): boolean;
  /** The data key; rejects if none of the service's keys opens it. */
  unwrap(key: WrappedKey): Promise<Uint8Array>;
}

/** What people call the keys of each kind. */
export const KEY_KINDS: Readonly<Record<KeyKind, string>> = {
  age: 'age recipient',
  pgp: 'PGP key',
  kms: 'AWS KMS key',
  gcp_kms: 'GCP KMS key',
  azure_kv: 'Azure Key Vault key',
  hc_vault: 'Vault transit key',
  hckms: 'Huawei Cloud KMS key',
};
