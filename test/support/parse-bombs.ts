/** Parses bodies that `JSON.parse` would turn into hundreds of megabytes; run with a small heap, and ends with their number. */
import { MOST_REFS } from '../../src/webhook/payload-fields.ts';
import { type PushFacts, SENDERS, type WebhookSender } from './webhook-senders.ts';

const BOMB_BYTES = 4 * 1_024 * 1_024;
const PUSH: PushFacts = {
  repository: 'acme/app',
  ref: 'refs/heads/main',
  before: 'a'.repeat(40),
  after: 'b'.repeat(40),
};

/** What is repeated, and what closes it. */
const FILLINGS = [
  ['[', '{},', '{}]'],
  ['[', '[],', '0]'],
  ['[', '"x",', '0]'],
  ['{', '"k":{},', '"k":0}'],
] as const;

const bombs = FILLINGS.map(([open, filling, close]) => {
  const count = Math.floor(BOMB_BYTES / filling.length);
  return Buffer.concat([Buffer.from(open), Buffer.alloc(count * filling.length, filling), Buffer.from(close)]);
});
const deep = Buffer.alloc(BOMB_BYTES, '[');

/** The bomb as every field of a payload's first two levels, one after the other. */
function* plant(sender: WebhookSender, bomb: Buffer): Generator<Buffer> {
  const payload = sender.payload(PUSH) as Record<string, unknown>;
  const holes = Object.keys(payload).flatMap((key) => {
    const below = payload[key];
    const isObject = typeof below === 'object' && below !== null && !Array.isArray(below);
    return isObject ? [[key], ...Object.keys(below).map((inner) => [key, inner])] : [[key]];
  });
  for (const hole of [['junk'], ...holes.slice(0, 3)]) {
    const [outer = '', inner] = hole;
    const below = payload[outer] as Record<string, unknown>;
    const changed = { ...payload, [outer]: inner === undefined ? '@bomb' : { ...below, [inner]: '@bomb' } };
    const [before = '', after = ''] = JSON.stringify(changed).split('"@bomb"');
    yield Buffer.concat([Buffer.from(before), bomb, Buffer.from(after)]);
  }
}

let parsed = 0;
const seen = new Set<string>();
for (const sender of SENDERS) {
  if (seen.has(sender.path) || sender.name === 'Gitea, form') continue;
  seen.add(sender.path);
  const { headers } = sender.send(sender.payload(PUSH), sender.secret);
  for (const raw of [deep, ...bombs.flatMap((bomb) => [bomb, ...plant(sender, bomb)])]) {
    try {
      const result = sender.provider.parse({ raw, headers, receivedAt: 0 });
      if (result.kind === 'pushes' && result.pushes.length > MOST_REFS) process.exitCode = 1;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'WEBHOOK_BODY_INVALID')) throw error;
    }
    parsed++;
  }
}
process.stdout.write(String(parsed));
