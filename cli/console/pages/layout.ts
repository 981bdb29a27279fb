/** What every page has: landmarks, navigation, and the regions that the client script keeps up to date. */
import { createHash } from 'node:crypto';
import { html } from 'hono/html';
import type { Html } from '../format.ts';
import type { ConsoleSource } from '../source.ts';

export interface Page {
  readonly title: string;
  /** Path of the entry of the navigation that it belongs to. */
  readonly at: string;
  readonly body: Html;
  /** Sends the regions again whenever they change; undefined for a page that stays as it is. */
  readonly live?: string;
}

export interface Site {
  readonly source: ConsoleSource;
  /** Of the changes. */
  readonly token: string;
}

const NAVIGATION = [
  { path: '/jobs', label: 'Jobs', key: 'j' },
  { path: '/deliveries', label: 'Deliveries', key: 'd' },
  { path: '/health', label: 'Health', key: 'h' },
  { path: '/local', label: 'Local run', key: 'l' },
] as const;

export function layout({ source, token }: Site, { title, at, body, live }: Page): Html {
  const entries = NAVIGATION.filter(({ path }) => path !== '/local' || source.local !== undefined);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="console-token" content="${token}">
<title>${title} · ${source.title}</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/console.css">
<script type="module" src="/assets/console.js"></script>
</head>
<body${live === undefined ? '' : html` data-live="${live}"`}>
<a class="skip" href="#content">Skip to the content</a>
<header class="top">
<a class="brand" href="/jobs"><img src="/assets/icon.svg" width="22" height="22" alt=""><span>Gemini webhooks</span></a>
<nav aria-label="Pages"><ul>${entries.map(
    ({ path, label, key }) =>
      html`<li><a href="${path}" data-key="${key}"${path === at ? html` aria-current="page"` : ''}>${label}</a></li>`,
  )}</ul></nav>
<span class="deployment">${source.title}${source.allowsChanges ? '' : html` <span class="pill quiet">read-only</span>`}</span>
<span class="live" id="live" role="status"></span>
</header>
<main id="content" tabindex="-1">
${body}
</main>
<footer><span>Times are UTC.</span> <button type="button" class="link" data-shortcuts>Keyboard shortcuts (?)</button></footer>
<div class="toast" role="status" aria-live="polite" id="toast"></div>
${shortcuts(entries)}
</body>
</html>`;
}

function shortcuts(entries: readonly { readonly key: string; readonly label: string }[]): Html {
  return html`<dialog id="shortcuts" aria-labelledby="shortcuts-title"><h2 id="shortcuts-title">Keyboard shortcuts</h2>
<dl class="keys">
<dt><kbd>/</kbd></dt><dd>Search jobs</dd>
<dt><kbd>↓</kbd> <kbd>↑</kbd></dt><dd>Next and previous row of a table (also <kbd>n</kbd>, <kbd>p</kbd>)</dd>
<dt><kbd>Enter</kbd></dt><dd>Open it</dd>
${entries.map(({ key, label }) => html`<dt><kbd>g</kbd> <kbd>${key}</kbd></dt><dd>${label}</dd>`)}
<dt><kbd>?</kbd></dt><dd>These shortcuts</dd>
<dt><kbd>Esc</kbd></dt><dd>Close</dd>
</dl><form method="dialog"><button>Close</button></form></dialog>`;
}

export interface Region {
  readonly id: string;
  readonly content: Html;
}

/** What the client script replaces when it changed; its hash shows whether it did. */
export async function region({ id, content }: Region, element: 'div' | 'section' = 'div'): Promise<Awaited<Html>> {
  const written = await content;
  const inner = html`<div id="${id}" data-hash="${hashOf(String(written))}">${written}</div>`;
  return await (element === 'div' ? inner : html`<section>${inner}</section>`);
}

export function hashOf(content: string): string {
  return createHash('sha256').update(content).digest('base64url').slice(0, 16);
}
