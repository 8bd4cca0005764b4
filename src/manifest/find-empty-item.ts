/** The path of the first list item that holds nothing (`args: [a, ~]`), which kustomize refuses; undefined if none. */
export function findEmptyItem(value: unknown, path = ''): string | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  const isList = Array.isArray(value);
  for (const [key, item] of Object.entries(value)) {
    const itemPath = isList ? `${path}[${key}]` : joinPath(path, key);
    if (isList && item === null) return itemPath;
    const found = findEmptyItem(item, itemPath);
    if (found !== undefined) return found;
  }
  return undefined;
}

function joinPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
