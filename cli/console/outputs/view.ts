/** An output as a document of its own, for a sandboxed frame: no script runs in it, and nothing is loaded by it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { html, raw } from 'hono/html';
import MarkdownIt from 'markdown-it';
import { counted } from '../../table.ts';
import { type Html, NOTHING } from '../format.ts';
import type { StoredObject } from '../source.ts';
import { kindOf } from './content.ts';
import { type LineRow, readLineTable } from './json-lines.ts';

const STYLE = readFileSync(new URL('../assets/frame.css', import.meta.url), 'utf8');
/** The style is within the document, because a sandboxed one is a stranger to every other resource here. */
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

export const FRAME_POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox`;

const MOST_BYTES = 1024 * 1024;

/** Markup in the Markdown is shown as text, and links are of schemes that run nothing: both are its defaults. */
const markdown = new MarkdownIt({ html: false, linkify: false });
// Nothing is loaded from elsewhere, and nobody learns by a picture that somebody read this.
markdown.renderer.rules['image'] = (tokens, index) => markdown.utils.escapeHtml(`[${tokens[index]?.content ?? ''}]`);

export async function viewOf(key: string, object: StoredObject): Promise<Html> {
  const kind = kindOf(key, object.contentType);
  if (kind === 'json-lines') return await lineTable(object);
  const { text, isCut } = await readText(object);
  const cut = isCut ? html`<p class="note">This is the first megabyte. Download it for the rest.</p>` : NOTHING;
  if (kind === 'markdown') return document(html`${cut}<article>${raw(markdown.render(text))}</article>`);
  return document(html`${cut}<pre>${kind === 'json' && !isCut ? indented(text) : text}</pre>`);
}

async function readText({ bytes, open }: StoredObject): Promise<{ readonly text: string; readonly isCut: boolean }> {
  if (bytes === 0) return { text: '', isCut: false };
  const stream = await open(0, Math.min(bytes, MOST_BYTES) - 1);
  return { text: await new Response(stream).text(), isCut: bytes > MOST_BYTES };
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function lineTable({ bytes, open }: StoredObject): Promise<Html> {
  if (bytes === 0) return document(html`<p class="note">It is empty.</p>`);
  const { rows, lines, errors, isCut } = await readLineTable(await open(0, bytes - 1));
  return document(html`<p class="note"><b>${counted(lines, 'line')}</b>${isCut ? ' in the part that was read' : ''}, ${
    errors === 0 ? 'no errors' : html`<b class="error">${counted(errors, 'error')}</b>`
  }${rows.length < lines ? `; ${rows.length} are shown, errors first` : errors > 0 ? ', errors first' : ''}.</p>
<table><thead><tr><th scope="col">Line</th><th scope="col">Key</th><th scope="col">Answer</th><th scope="col">Tokens</th></tr></thead>
<tbody>${rows.map(lineRow)}</tbody></table>`);
}

function lineRow({ line, key, isError, text, tokens, raw: written }: LineRow): Html {
  return html`<tr${isError ? html` class="error"` : ''}><td class="number">${line}</td><td><code>${key}</code></td>
<td><details><summary>${isError ? html`<span class="pill">error</span> ` : ''}${text}</summary><pre>${indented(written)}</pre></details></td>
<td class="number">${tokens ?? ''}</td></tr>`;
}

function document(body: Html): Html {
  return html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Output</title><style>${raw(STYLE)}</style></head><body>${body}</body></html>`;
}
