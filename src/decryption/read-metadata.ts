import { isPlainObject, type PlainObject } from '../manifest/plain-object.ts';
import { DecryptionProblem } from './decryption-problem.ts';
import type { KeyKind, WrappedKey } from './key-service.ts';

const MOST_KEYS = 100;

/** The field of each kind's entries that names the key, most telling part last. */
const ID_FIELDS: Readonly<Record<KeyKind, readonly string[]>> = {
  age: ['recipient'],
  pgp: ['fp'],
  kms: ['arn'],
  gcp_kms: ['resource_id'],
  azure_kv: ['vault_url', 'name', 'version'],
  hc_vault: ['vault_address', 'engine_path', 'key_name'],
  hckms: ['key_id'],
};

/** The wrapped data keys in SOPS metadata, those that cost no network first; throws a DecryptionProblem for other forms. */
export function readWrappedKeys(metadata: unknown): WrappedKey[] {
  if (!isPlainObject(metadata)) throw new DecryptionProblem('its SOPS metadata is not a mapping');
  const keys = readKeys(metadata);
  const group = keys.length > 0 ? keys : readKeys(onlyGroup(metadata.key_groups));
  if (group.length === 0) throw new DecryptionProblem('its SOPS metadata names no key');
  if (group.length > MOST_KEYS) throw new DecryptionProblem(`its SOPS metadata names more than ${MOST_KEYS} keys`);
  return group;
}

function onlyGroup(groups: unknown): PlainObject {
  if (!Array.isArray(groups) || groups.length === 0) return {};
  if (groups.length > 1) {
    throw new DecryptionProblem(
      `its data key is split over ${groups.length} key groups (Shamir), which Hawser cannot put together: use one key group`,
    );
  }
  return isPlainObject(groups[0]) ? groups[0] : {};
}

function readKeys(group: PlainObject): WrappedKey[] {
  const keys: WrappedKey[] = [];
  for (const [kind, fields] of Object.entries(ID_FIELDS) as [KeyKind, readonly string[]][]) {
    for (const entry of listOf(group[kind])) {
      if (!isPlainObject(entry) || typeof entry.enc !== 'string') continue;
      const id = fields.map((field) => String(entry[field] ?? '')).join('/');
      keys.push({ kind, id, wrapped: entry.enc });
    }
  }
  return keys;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

const LIST_ENTRY = /^(?:key_groups__list_(\d{1,4})__map_)?([a-z_]+?)__list_(\d{1,4})__map_([a-z_]+)$/;

/** Puts together the metadata that dotenv and ini files hold flattened, `age__list_0__map_enc` and so on. */
export function unflattenMetadata(fields: ReadonlyMap<string, string>): PlainObject {
  const whole = new Map<string, PlainObject>();
  for (const [name, text] of fields) {
    const [, group = '', kind = '', index = '', field = ''] = LIST_ENTRY.exec(name) ?? [];
    if (field === '') continue;
    const place = `${group}/${kind}/${index}`;
    const entry = whole.get(place) ?? {};
    entry[field] = text.replaceAll('\\n', '\n');
    whole.set(place, entry);
  }
  const metadata: PlainObject = {};
  const groups = new Map<string, PlainObject>();
  for (const [place, entry] of whole) {
    const [group = '', kind = ''] = place.split('/');
    const target = group === '' ? metadata : (groups.get(group) ?? {});
    if (group !== '') groups.set(group, target);
    target[kind] = [...listOf(target[kind]), entry];
  }
  return groups.size === 0 ? metadata : { ...metadata, key_groups: [...groups.values()] };
}
