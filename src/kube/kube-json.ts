/** Writes JSON for the API server; a BigInt (an integer that a double cannot hold) becomes its digits. */
export function stringifyKubeJson(value: unknown): string {
  return JSON.stringify(value, writeBigInt);
}

// TypeScript's library does not know rawJSON yet: https://github.com/tc39/proposal-json-parse-with-source
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

function writeBigInt(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJSON(String(value)) : value;
}
