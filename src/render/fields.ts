import { renderFailed } from './render-error.ts';

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The items of a list field; none if it is absent. Throws RENDER_FAILED if it is no list. */
export function listIn(fields: Fields, field: string, where: string): readonly unknown[] {
  const value = fields[field];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw renderFailed(`${where}${field} must be a list`);
  return value;
}
