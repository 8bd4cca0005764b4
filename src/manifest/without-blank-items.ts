import { HawserError } from '../errors/hawser-error.ts';
import { expandTemplate, type VariableLookup } from './expand-template.ts';
import { isPlainObject } from './plain-object.ts';
import { chooseScalarStyle } from './scalar-style.ts';

/** Nothing, or the beginnings of lists of nothing, and perhaps a comment. */
const BLANK = /^[ \t]*((?:-[ \t]+)*-)?[ \t]*(?:#.*)?$/;

/**
 * Writes out as null what variables leave of list items that become blank: js-yaml takes the item after a blank one
 * (`  -` before `- b`) for one of the same list, however little it is indented.
 */
export function withoutBlankItems(value: unknown, lookup: VariableLookup): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutBlankItem(item, lookup));
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutBlankItems(item, lookup)]));
}

function withoutBlankItem(item: unknown, lookup: VariableLookup): unknown {
  const match = typeof item === 'string' && item.includes('${') ? BLANK.exec(expandAlone(item, lookup)) : null;
  if (!match) return withoutBlankItems(item, lookup);
  const lists = match[1]?.match(/-/g) ?? [];
  return lists.reduce<unknown>((inner) => [inner], null);
}

/** The item's text as it is read in the end; quotes keep it from being blank. */
function expandAlone(text: string, lookup: VariableLookup): string {
  if (chooseScalarStyle(text) !== 'plain') return text;
  try {
    return expandTemplate(text, lookup);
  } catch (error) {
    // The same error comes up, and is told about, when the whole object is expanded.
    if (error instanceof HawserError) return text;
    throw error;
  }
}
