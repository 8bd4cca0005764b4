/**
 * What the demo prints: plain text, with colour where the terminal wants it (NO_COLOR and pipes get none).
 * It decides how things look and knows nothing of what is shown.
 */
import type { Writable } from 'node:stream';
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** A time as people read it: `57 ms`; a dot stands for the start. */
export function formatMs(ms: number): string {
  return `${Math.max(0, Math.round(ms))} ms`;
}

export interface Screen {
  /** Starts a part of the show. */
  chapter(title: string, number?: number): void;
  /** A sentence to the reader. */
  say(text: string): void;
  /** A command, as it is typed. */
  command(line: string): void;
  /** What a command printed. */
  output(text: string): void;
  /** Something that happened, and how long after the start of the clock. */
  moment(ms: number, text: string): void;
  /** Something that is up now. */
  ready(label: string, detail: string): void;
  failure(text: string): void;
  /** Two columns, the first as wide as it must be. */
  table(rows: readonly (readonly [string, string])[]): void;
  gap(): void;
}

const INDENT = '   ';
const MS_WIDTH = 9;
const LABEL_WIDTH = 18;

export function createScreen(stream: Writable): Screen {
  const paint = (style: Style, text: string) => styleText(style, text, { stream: stream as NodeJS.WriteStream });
  const print = (line = '') => void stream.write(`${line}\n`);
  return {
    chapter: (title, number) => {
      print();
      print(number === undefined ? paint('bold', title) : `${paint('cyan', `${number}`)}  ${paint('bold', title)}`);
      print();
    },
    say: (text) => print(`${INDENT}${text}`),
    command: (line) => print(`${INDENT}${paint('cyan', '$')} ${paint('bold', line)}`),
    output: (text) => {
      for (const line of text.trimEnd().split('\n')) print(`${INDENT}${paint('dim', line)}`.trimEnd());
    },
    moment: (ms, text) => print(`${paint('green', formatMs(ms).padStart(MS_WIDTH + INDENT.length))}  ${text}`),
    ready: (label, detail) =>
      print(`${INDENT}${paint('green', '✓')} ${label.padEnd(LABEL_WIDTH)}${paint('dim', detail)}`),
    failure: (text) => print(`${INDENT}${paint('red', '✗')} ${text}`),
    table: (rows) => {
      const width = Math.max(...rows.map(([label]) => label.length)) + 2;
      for (const [label, value] of rows) print(`${INDENT}${paint('dim', label.padEnd(width))}${value}`);
    },
    gap: () => print(),
  };
}
