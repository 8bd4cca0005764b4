/** Tells whether labels, or annotations, are selected. */
export type Selects = (labels: Readonly<Record<string, string>>) => boolean;

const REQUIREMENT = /^(?<key>[^\s!=<>(),]+)(?:\s*(?<operator>==|=|!=|>|<)\s*(?<value>[^\s=!<>(),]*))?$/;
const SET_REQUIREMENT = /^(?<key>[^\s!=<>(),]+)\s+(?<operator>in|notin)\s*\((?<values>[^()]*)\)$/;

/** Reads a label selector as `kubectl get -l` takes it (`a=b,c!=d,e in (f,g),!h,i`); undefined if it is malformed. Pure. */
export function parseLabelSelector(text: string): Selects | undefined {
  const requirements = splitRequirements(text).map(parseRequirement);
  const known = requirements.filter((requirement) => requirement !== undefined);
  return known.length < requirements.length ? undefined : (labels) => known.every((selects) => selects(labels));
}

/** At the commas that are not in parentheses. */
function splitRequirements(text: string): string[] {
  if (text.trim() === '') return [];
  return text.split(/,(?![^(]*\))/).map((part) => part.trim());
}

function parseRequirement(text: string): Selects | undefined {
  const absent = /^!\s*([^\s!=<>(),]+)$/.exec(text)?.[1];
  if (absent !== undefined) return (labels) => labels[absent] === undefined;
  const set = SET_REQUIREMENT.exec(text)?.groups;
  if (set) return selectsBySet(set.key ?? '', set.operator === 'in', (set.values ?? '').split(',').map(trim));
  const single = REQUIREMENT.exec(text)?.groups;
  return single && selectsByValue(single.key ?? '', single.operator, single.value ?? '');
}

function selectsBySet(key: string, isIn: boolean, values: readonly string[]): Selects {
  return (labels) => {
    const found = labels[key];
    return found === undefined ? !isIn : values.includes(found) === isIn;
  };
}

function selectsByValue(key: string, operator: string | undefined, value: string): Selects {
  if (operator === undefined) return (labels) => labels[key] !== undefined;
  if (operator === '>') return (labels) => Number(labels[key] ?? Number.NaN) > Number(value);
  if (operator === '<') return (labels) => Number(labels[key] ?? Number.NaN) < Number(value);
  return selectsBySet(key, operator !== '!=', [value]);
}

function trim(text: string): string {
  return text.trim();
}
