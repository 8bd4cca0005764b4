/** The middle value; of an even count the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  const high = sorted[Math.floor(middle)] ?? Number.NaN;
  return (low + high) / 2;
}

/** The value that so many percent of the values do not exceed (nearest rank). */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? Number.NaN;
}

/** One line of the table: what was measured, in milliseconds. */
export interface Row {
  readonly what: string;
  readonly values: readonly number[];
}

/** A Markdown table with the median and the worst of each row. */
export function formatTable(rows: readonly Row[]): string {
  const lines = rows.map(({ what, values }) => `| ${what} | ${ms(median(values))} | ${ms(Math.max(...values))} |`);
  return ['| step | median ms | worst ms |', '| --- | ---: | ---: |', ...lines].join('\n');
}

function ms(value: number): string {
  return value.toFixed(1);
}
