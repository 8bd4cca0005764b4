/** Sections of `kubectl describe` that say who, what and when before, and are known from elsewhere. */
const LEFT_OUT = /^(?:(?:Namespace|Labels|Annotations|API Version|Kind|Metadata|Spec)| {2}History):/;

/** Leaves what tells how a custom resource is: its name, conditions, inventory, revisions and events. */
export function shortenDescription(text: string): string {
  const kept: string[] = [];
  let leftOutIndent: number | undefined;
  for (const line of text.split('\n')) {
    const indent = line.search(/\S/);
    if (leftOutIndent !== undefined && indent > leftOutIndent) continue;
    leftOutIndent = LEFT_OUT.test(line) ? indent : undefined;
    if (leftOutIndent === undefined) kept.push(line);
  }
  return kept.join('\n');
}
