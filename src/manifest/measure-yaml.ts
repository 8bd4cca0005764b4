import { YAMLException } from 'js-yaml';

/** Deeper than any Kubernetes schema; also what ends the walk of an anchor that contains itself. */
const DEEPEST = 200;
/** Aliases may make a document this many times larger than its text … */
const LARGEST_GROWTH = 10;
/** … or this large in any case, counted in characters and nodes. */
const ALWAYS_ALLOWED = 1_000_000;

/** Throws if aliases expand a document out of proportion to its text ("YAML bomb"), or if it is nested too deeply. */
export function measureYaml(value: unknown, textLength: number): void {
  let left = Math.max(ALWAYS_ALLOWED, textLength * LARGEST_GROWTH);

  function spend(cost: number): void {
    left -= cost;
    if (left < 0) throw new YAMLException('aliases expand to more than ten times the size of the document');
  }

  function walk(node: unknown, depth: number): void {
    spend(typeof node === 'string' ? node.length : 1);
    if (node === null || typeof node !== 'object') return;
    if (depth > DEEPEST) throw new YAMLException(`is nested more than ${DEEPEST} levels deep`);
    for (const [key, item] of Object.entries(node)) {
      spend(key.length);
      walk(item, depth + 1);
    }
  }

  walk(value, 0);
}
