import { load, YAMLException } from 'js-yaml';
import { HawserError } from '../errors/hawser-error.ts';
import { type KubeObject, parseApiVersion } from '../model/kube-object.ts';
import { expandTemplate, type VariableLookup } from './expand-template.ts';
import { findIdentityProblem } from './find-identity-problem.ts';
import { measureYaml } from './measure-yaml.ts';
import { isPlainObject } from './plain-object.ts';
import { withoutBlankItems } from './without-blank-items.ts';
import { writeYaml } from './write-yaml.ts';
import { YAML_1_1_SCHEMA } from './yaml-1-1-schema.ts';

/**
 * Flux's post-build variables. As there, an object is written as YAML, the text is expanded, and the result is read
 * again: so a value may turn into a number, a boolean or a list, and keys can be variables. Where the values
 * come from, and whether to substitute at all when there are none, is the caller's to decide.
 */
export interface Substitution {
  readonly variables: Readonly<Record<string, string>>;
  /** A variable that is not set and has no default is an error (Flux's default since 2.9); otherwise it is empty. */
  readonly strict: boolean;
}

const OPT_OUT = 'kustomize.toolkit.fluxcd.io/substitute';
const NAME = /^[_a-zA-Z][_a-zA-Z0-9]*$/;

/** True for a name that Flux accepts for a variable. */
export function isVariableName(name: string): boolean {
  return NAME.test(name);
}

/**
 * Replaces variables in one object as Flux does; the very same object if it opts out or nothing changes.
 * Throws SUBSTITUTION_FAILED naming object and cause; no value gets into the message.
 */
export function substituteVariables(object: KubeObject, substitution: Substitution): KubeObject {
  if (optsOut(object)) return object;
  try {
    return substitute(object, substitution);
  } catch (cause) {
    if (!(cause instanceof HawserError)) throw cause;
    throw failed(`post build failed for '${idOf(object)}': envsubst error: ${cause.message}`);
  }
}

/** In Flux this value, unlike those of its other switches, is case-sensitive. */
function optsOut({ metadata }: KubeObject): boolean {
  return metadata.labels?.[OPT_OUT] === 'disabled' || metadata.annotations?.[OPT_OUT] === 'disabled';
}

function substitute(object: KubeObject, { variables, strict }: Substitution): KubeObject {
  requireNames(variables);
  if (!mayHoldVariable(object)) return object;
  const lookup: VariableLookup = {
    strict,
    valueOf: (name) => (Object.hasOwn(variables, name) ? variables[name]?.replaceAll('\n', '') : undefined),
  };
  return readObject(expandTemplate(writeYaml(withoutBlankItems(object, lookup)), lookup));
}

function requireNames(variables: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(variables)) {
    if (!isVariableName(name))
      throw failed(`'${name}' var name is invalid, must match '^[_[:alpha:]][_[:alpha:][:digit:]]*$'`);
  }
}

/** Only `${` and `$$` mean anything, and writing as YAML puts nothing between their two characters. */
function mayHoldVariable(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('${') || value.includes('$$');
  if (value === null || typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.some(mayHoldVariable);
  return Object.keys(value).some(mayHoldVariable) || Object.values(value).some(mayHoldVariable);
}

function readObject(text: string): KubeObject {
  const value = parse(text);
  const problem = findIdentityProblem(value);
  if (problem !== undefined) throw failed(`after substitution the object ${problem}`);
  return value as KubeObject;
}

/** The message of the YAML parser may quote an alias or a tag, which may be part of a value: only the line is told. */
function parse(text: string): unknown {
  try {
    const value = load(text, { schema: YAML_1_1_SCHEMA, json: true, listener: refuseOddNodes });
    measureYaml(value, text.length);
    return value;
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    const line = cause.mark ? `line ${cause.mark.line + 1}` : 'the text';
    throw failed(`YAMLToJSON: with the values put in, ${line} of the object is no valid YAML; quote the variable`);
  }
}

interface ParserState {
  readonly input: string;
  readonly position: number;
  readonly kind: string | null;
  readonly result: unknown;
  /** Missing in the types of js-yaml. */
  readonly anchor?: string | null;
}

/** Keys that are numbers or booleans become text, as in Go; null, lists and mappings are refused, as are odd anchors. */
function refuseOddNodes(event: string, { input, position, kind, result, anchor }: ParserState): void {
  if (event !== 'close') return;
  if (typeof anchor === 'string' && !/^[-\w]+$/.test(anchor)) throw new YAMLException('an anchor has no proper name');
  if (isPlainObject(result) && Object.hasOwn(result, String({}))) throw new YAMLException('a key is no text');
  if (kind === null || (kind === 'scalar' && result !== null)) return;
  if (/ *:(?:\s|$)/y.test(input.slice(position, position + 80))) throw new YAMLException('a key is no text');
}

/** Kustomize's way to name an object: `Deployment.v1.apps/api`, `ConfigMap.v1.[noGrp]/settings`. */
function idOf({ apiVersion, kind, metadata }: KubeObject): string {
  const { group, version } = parseApiVersion(apiVersion);
  return `${kind}.${version}.${group || '[noGrp]'}/${metadata.name}`;
}

function failed(what: string): HawserError {
  return new HawserError('SUBSTITUTION_FAILED', what);
}
