import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import { Secret } from '../../../src/errors/secret.ts';
import { createLogger, type Logger, objectFields } from '../../../src/telemetry/create-logger.ts';

const CANARY = 'canary-in-the-log';

function record(write: (logger: Logger) => void): { text: string; lines: Record<string, unknown>[] } {
  let text = '';
  write(
    createLogger({
      level: 'info',
      destination: {
        write: (line) => {
          text += line;
        },
      },
    }),
  );
  return {
    text,
    lines: text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  };
}

const leaks: readonly { name: string; write: (logger: Logger) => void }[] = [
  { name: 'in the message', write: (logger) => logger.info(`token ${CANARY}`) },
  { name: 'in a field', write: (logger) => logger.info({ url: `x ${CANARY}` }, 'text') },
  { name: 'deep in a field', write: (logger) => logger.info({ list: [{ a: CANARY }] }, 'text') },
  { name: 'in a field of a child', write: (logger) => logger.child({ a: CANARY }).info('text') },
  { name: 'in a field of a child of a child', write: (logger) => logger.child({}).child({ a: CANARY }).info('text') },
  { name: 'in an error', write: (logger) => logger.error({ err: new Error(CANARY) }, 'text') },
  {
    name: 'in the cause of an error',
    write: (logger) => logger.error({ err: new Error('x', { cause: new Error(CANARY) }) }, 'text'),
  },
  {
    name: 'in an error among several',
    write: (logger) => logger.error({ err: new AggregateError([new Error(CANARY)]) }, 'text'),
  },
  { name: 'in an error under another name', write: (logger) => logger.error({ reason: new Error(CANARY) }, 'text') },
  { name: 'in an error alone', write: (logger) => logger.error(new Error(CANARY)) },
  { name: 'in an error with a message', write: (logger) => logger.error(new Error(CANARY), 'text') },
  { name: 'in something thrown that is no error', write: (logger) => logger.error({ err: CANARY }, 'text') },
  { name: 'wrapped as a secret', write: (logger) => logger.info({ secret: new Secret(CANARY) }, 'text') },
];

describe('the log', () => {
  for (const { name, write } of leaks) {
    test(`hides a secret ${name}`, () => {
      new Secret(CANARY);

      const { text, lines } = record(write);

      assert.equal(lines.length, 1);
      assert.doesNotMatch(text, new RegExp(CANARY));
      assert.match(text, /\[redacted\]/);
    });
  }

  test('has the keys that the flux CLI reads', () => {
    const key = { kind: 'Kustomization', namespace: 'prod', name: 'app' };

    const { lines } = record((logger) =>
      logger.child(objectFields(key)).error({ err: new Error('no') }, 'sync failed'),
    );

    const { ts, stack, ...rest } = lines[0]!;
    assert.match(String(ts), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.match(String(stack), /^Error: no\n/);
    assert.deepEqual(rest, {
      level: 'error',
      msg: 'sync failed',
      error: 'no',
      object: 'Kustomization/prod/app',
      controllerKind: 'Kustomization',
      namespace: 'prod',
      name: 'app',
    });
  });

  test('explains an expected error by its code, without a stack', () => {
    const err = new HawserError('RESOURCE_INVALID', 'Kustomization/prod/app is not valid');

    const { lines } = record((logger) => logger.warn({ err }, 'sync failed'));

    assert.equal(lines[0]?.code, 'RESOURCE_INVALID');
    assert.equal('stack' in lines[0]!, false);
  });

  test('leaves out what is below its level', () => {
    assert.equal(record((logger) => logger.debug('step')).text, '');
  });
});
