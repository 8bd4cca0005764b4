/** Names a kind as the API server's paths do. */
export interface ResourceLocation {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** Empty for a cluster-scoped kind, or for all namespaces of a namespaced one. */
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** The path of an object or a collection: names keep their capitals, and whatever is special in a URL is escaped. */
export function toResourcePath({ group, version, plural, namespace, name, subresource }: ResourceLocation): string {
  const segments = group === '' ? ['api', version] : ['apis', group, version];
  if (namespace) segments.push('namespaces', namespace);
  segments.push(plural);
  if (name !== undefined) segments.push(name);
  if (subresource !== undefined) segments.push(subresource);
  return `/${segments.map(encodeURIComponent).join('/')}`;
}

/** A query string, with its question mark, of the parameters that have a value. */
export function toQuery(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, String(value));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}
