import type { ApplyOptions, ApplyResult, KubeClient } from '../kube/kube-client.ts';
import { KubeError } from '../kube/to-kube-error.ts';
import { builtinTypeOf } from '../manifest/builtin-types.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { withoutField } from './without-field.ts';

/** What the API server answered, and the object as it was sent in the end. */
export interface KnownFieldsResult extends ApplyResult {
  readonly sent: KubeObject;
}

/**
 * Applies an object without the fields that the API server does not know, with a warning for each, as Flux does for
 * built-in kinds. A custom resource is refused instead: its definition may just not have come that far.
 */
export async function applyKnownFields(
  client: Pick<KubeClient, 'apply'>,
  object: KubeObject,
  options: ApplyOptions,
): Promise<KnownFieldsResult> {
  const dropped: string[] = [];
  let sent = object;
  for (;;) {
    try {
      const result = await client.apply(sent, options);
      return { ...result, sent, warnings: [...dropped.map(describeDropped), ...result.warnings] };
    } catch (error) {
      const fewer = isBuiltIn(object) ? dropUndeclared(sent, error) : undefined;
      if (!fewer) throw error;
      dropped.push(...fewer.dropped);
      sent = fewer.object;
    }
  }
}

function isBuiltIn(object: KubeObject): boolean {
  return builtinTypeOf(object) !== undefined || object.kind === 'CustomResourceDefinition';
}

/** Undefined if the error names no field that could be dropped; so every repetition sends less than the one before. */
function dropUndeclared(object: KubeObject, error: unknown): { object: KubeObject; dropped: string[] } | undefined {
  if (!(error instanceof KubeError)) return undefined;
  const dropped: string[] = [];
  let left = object;
  for (const path of error.undeclaredFields) {
    const fewer = withoutField(left, path);
    if (!fewer) continue;
    left = fewer;
    dropped.push(path);
  }
  return dropped.length === 0 ? undefined : { object: left, dropped };
}

function describeDropped(path: string): string {
  return `unknown field '${path.slice(1)}' was dropped: correct its name or remove it from the manifest`;
}
