import { createHash } from 'node:crypto';
import type { PushView } from './push-view.ts';

const STYLE = `
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1f2328;background:#fff}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #d1d9e0}
td{overflow-wrap:anywhere;white-space:pre-wrap;min-width:4.5rem}td:first-child{min-width:6rem}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}th,td{border-color:#3d444d}}
`;

/** Headers of the page: no script, nothing loaded, nothing kept. */
export function pushPageHeaders(): Readonly<Record<string, string>> {
  const styleHash = createHash('sha256').update(STYLE).digest('base64');
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    'referrer-policy': 'no-referrer',
  };
}

/** One self-contained page that tells what became of a push. */
export function renderPushPage(push: PushView): string {
  const title = `${push.repository ?? 'Push'} ${push.ref ?? ''}`.trim();
  const sections = [
    renderFacts(push),
    renderTable('Results', ['Object', 'Outcome', 'Message', 'After'], toOutcomeRows(push)),
    renderTable(
      'Not concerned',
      ['Object', 'Reason'],
      push.unmatched.map(({ key, reason }) => [key, reason]),
    ),
    renderTable('Steps', ['After', 'Object', 'Step', 'Detail', 'Took'], toStepRows(push)),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>
${sections.join('\n')}
</main></body></html>
`;
}

function renderFacts(push: PushView): string {
  const facts: readonly (readonly [name: string, value: string | undefined])[] = [
    ['Commit', push.after],
    ['Before', push.before],
    ['Heard', `${push.heardAt} by ${push.heard}`],
    ['Sources', push.matched.join(', ') || undefined],
    ['Nothing done', push.reason],
  ];
  const rows = facts.flatMap(([name, value]) =>
    value === undefined ? [] : [`<tr><th scope="row">${name}</th><td>${escapeHtml(value)}</td></tr>`],
  );
  return `<table>${rows.join('')}</table>`;
}

function toOutcomeRows(push: PushView): string[][] {
  return Object.entries(push.outcomes).map(([key, { kind, message, at }]) => [
    key,
    kind,
    message ?? '',
    sinceHeard(push, at),
  ]);
}

function toStepRows(push: PushView): string[][] {
  return push.steps.map(({ at, object, step, detail, durationMs }) => [
    sinceHeard(push, at),
    object ?? '',
    step,
    detail ?? '',
    durationMs === undefined ? '' : formatMs(durationMs),
  ]);
}

/** The time since the push was heard of: what a reader wants to know; the page says when that was. */
function sinceHeard({ heardAt }: PushView, at: string): string {
  const ms = Date.parse(at) - Date.parse(heardAt);
  return Number.isNaN(ms) ? at : formatMs(Math.max(ms, 0));
}

function formatMs(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function renderTable(caption: string, columns: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const head = columns.map((column) => `<th scope="col">${column}</th>`).join('');
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`);
  return `<h2>${caption}</h2><table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
