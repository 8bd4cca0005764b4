/** A submodule as `.gitmodules` names it; neither path nor URL has been checked. */
export interface Submodule {
  readonly path: string;
  readonly url: string;
}

const SECTION = /^\[\s*submodule\s+"((?:[^"\\]|\\.)*)"\s*\]\s*(.*)$/i;
const ENTRY = /^([A-Za-z][A-Za-z0-9-]*)\s*=\s*(.*)$/;

/** Reads `.gitmodules` as git reads its configuration; entries without path or URL are passed over, as git does. */
export function parseGitmodules(text: string): Submodule[] {
  const modules = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  for (const raw of text.replace(/\\\r?\n/g, '').split(/\r?\n/)) {
    const line = raw.trim();
    const isSection = line.startsWith('[');
    const [, name, rest = ''] = (isSection ? SECTION.exec(line) : undefined) ?? [];
    if (isSection) current = name === undefined ? undefined : findOrAdd(modules, name);
    const [, key = '', value = ''] = ENTRY.exec(isSection ? rest : line) ?? [];
    current?.set(key.toLowerCase(), unquote(value));
  }
  return [...modules.values()].flatMap((module) => {
    const path = module.get('path');
    const url = module.get('url');
    return path && url ? [{ path, url }] : [];
  });
}

function findOrAdd(modules: Map<string, Map<string, string>>, name: string): Map<string, string> {
  const module = modules.get(name) ?? new Map<string, string>();
  modules.set(name, module);
  return module;
}

/** What stands in quotes, what does not, and a comment. */
const TOKEN = /"((?:[^"\\]|\\.)*)"?|(?:[^"\\#;]|\\.)+|[#;].*/g;

/** Takes quotes and escapes away, and a comment behind the value. */
function unquote(value: string): string {
  const pieces: string[] = [];
  for (const [token, quoted = token] of value.matchAll(TOKEN)) {
    if (/^[#;]/.test(token)) break;
    pieces.push(quoted.replace(/\\(.)/g, (_, character: string) => ESCAPES[character] ?? character));
  }
  return pieces.join('').trim();
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', b: '\b' };
