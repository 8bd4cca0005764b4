const HIDDEN = '[not shown]';

/** Where kustomize 5.8 quotes what it was given, which may be a Secret. A quotation ends nowhere for sure: all after it goes. */
const QUOTATIONS: readonly (readonly [quotation: RegExp, instead: string])[] = [
  [/ with config: `\n[\s\S]*?\n`: /, ': '],
  [/(unable to parse SM or JSON patch) from \[[\s\S]*$/, '$1'],
  [/literal sources \[[\s\S]*$/, 'a literal is not of the form key=value'],
  [/: line \[[\d ]*\] has invalid utf8 bytes[\s\S]*$/, ': a line is not UTF-8'],
  [/node contents:[\s\S]*$/, `node contents ${HIDDEN}`],
  [/ID conflict: \[[\s\S]*$/, 'ID conflict: several objects would have the same kind, namespace and name'],
  [/^panic: [\s\S]*$/, 'kustomize crashed; one of the resources, or the kustomization, is malformed'],
];

/** Takes what kustomize quotes of its input out of one of its messages. Pure. */
export function withoutContents(message: string): string {
  return QUOTATIONS.reduce((text, [quotation, instead]) => text.replace(quotation, instead), message);
}
