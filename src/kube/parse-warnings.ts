const WARNING = /\d{3} \S+ "((?:[^"\\]|\\.)*)"/g;

/** The texts of Warning headers (RFC 7234, section 5.5), several of which may arrive joined by commas. */
export function parseWarnings(header: string | readonly string[] | undefined): string[] {
  const text = typeof header === 'string' ? header : (header ?? []).join(', ');
  return [...text.matchAll(WARNING)].map(([, quoted = '']) => quoted.replace(/\\(.)/g, '$1'));
}
