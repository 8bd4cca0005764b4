type FieldSet = Readonly<Record<string, unknown>>;

/** The union of two FieldsV1 trees: every field that either owns. */
export function unionFields(a: unknown, b: unknown): FieldSet {
  const result: Record<string, unknown> = { ...asFields(a) };
  for (const [field, below] of Object.entries(asFields(b))) {
    result[field] = field in result ? unionFields(result[field], below) : below;
  }
  return result;
}

function asFields(value: unknown): FieldSet {
  return value !== null && typeof value === 'object' ? (value as FieldSet) : {};
}
