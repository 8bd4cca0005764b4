/**
 * The log: JSON lines with the keys that `flux logs` reads (ts, level, msg, error, controllerKind, name, namespace).
 * Nothing secret gets through, whoever wrote the text. What is worth a line is the callers' decision.
 */
import pino from 'pino';
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { redact, redactData } from '../errors/redact.ts';

/** Writes lines; pass fields first, then a constant message. A field `err` becomes `error`, with code and stack. */
export type Logger = pino.Logger;

type CreateChild = (this: Logger, bindings: pino.Bindings, options?: pino.ChildLoggerOptions) => Logger;

interface LoggerOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Where lines go; standard output if absent. */
  readonly destination?: { write(line: string): void } | undefined;
}

/** The root logger of a process; edges derive their own with `child`. */
export function createLogger({ level, destination }: LoggerOptions): Logger {
  const options: pino.LoggerOptions = {
    level,
    base: null,
    messageKey: 'msg',
    timestamp: () => `,"ts":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }), log: toFields },
    // Errors are written by `toFields`; pino's own serializer would show what redaction took out.
    serializers: { err: (error: unknown) => error },
    hooks: {
      logMethod(args, method) {
        method.apply(this, toCleanArguments(args) as typeof args);
      },
    },
  };
  return withCleanChildren(destination ? pino(options, destination) : pino(options));
}

/** pino writes the bindings of a child as they are; children inherit this method, so all of them are covered. */
function withCleanChildren(logger: Logger): Logger {
  const createChild: CreateChild = logger.child;
  const createCleanChild: CreateChild = function child(bindings, options) {
    return createChild.call(this, toFields(bindings), options);
  };
  logger.child = createCleanChild as unknown as Logger['child'];
  return logger;
}

/** pino takes the message of a lone error as the line's own, past all formatters. */
function toCleanArguments(args: readonly unknown[]): unknown[] {
  const [first, ...rest] = args;
  if (first instanceof Error && rest.length === 0) return [{ err: first }, messageOf(first)];
  return args.map((arg) => (typeof arg === 'string' ? redact(arg) : arg));
}

/** The fields that name an object in a log line, as people and the flux CLI look for them. */
export function objectFields(key: { readonly kind: string; readonly namespace: string; readonly name: string }) {
  return {
    object: `${key.kind}/${key.namespace}/${key.name}`,
    controllerKind: key.kind,
    namespace: key.namespace,
    name: key.name,
  };
}

function toFields(fields: Record<string, unknown>): Record<string, unknown> {
  const clean: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'err') Object.assign(clean, toErrorFields(value));
    else clean[name] = value instanceof Error ? messageOf(value) : redactData(value);
  }
  return clean;
}

/** An expected error explains itself; only of an unexpected one the stack is worth its length. */
function toErrorFields(error: unknown): Record<string, unknown> {
  const fields: Record<string, unknown> = { error: messageOf(error) };
  if (error instanceof HawserError) {
    fields.code = error.code;
    if (error.code !== 'INTERNAL') return fields;
  }
  if (error instanceof Error && error.stack) fields.stack = redact(error.stack);
  return fields;
}
