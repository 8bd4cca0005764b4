import { z } from 'zod';
import { environment } from './environment.ts';

/** What people need to know about one environment variable. */
export interface Variable {
  readonly name: string;
  readonly description: string;
  /** As one would write it; undefined if the variable has none. */
  readonly default: string | undefined;
  /** True if it may also be given as a file, by `<NAME>_FILE`. */
  readonly secret: boolean;
}

/** Every variable of the schema in its order, for documents and for the tests that compare them. */
export function listVariables(): Variable[] {
  const { properties } = z.toJSONSchema(environment, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties ?? {}).map(([name, schema]) => {
    const { description, default: value, secret } = schema as Record<string, unknown>;
    return {
      name,
      description: String(description),
      default: value === undefined ? undefined : String(value),
      secret: secret === true,
    };
  });
}
