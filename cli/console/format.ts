/** Times, durations and ids as a page shows them. All times are UTC, as in the logs. */

import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

export const NOTHING: Html = html``;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `14:03:22` today, `Nov 27 14:03` on another day. */
function clock(time: string, now: Date): string {
  const iso = new Date(time).toISOString();
  if (iso.slice(0, 10) === now.toISOString().slice(0, 10)) return iso.slice(11, 19);
  return `${MONTHS[Number(iso.slice(5, 7)) - 1]} ${Number(iso.slice(8, 10))} ${iso.slice(11, 16)}`;
}

export function timeTag(time: string | null | undefined, now: Date): Html {
  if (!time || Number.isNaN(Date.parse(time))) return html`<span class="none">–</span>`;
  return html`<time datetime="${time}" title="${time}">${clock(time, now)}</time>`;
}

/** `24 ms`, `1.5 s`, `12 min`, `3.2 h`, `4 d`. */
export function duration(ms: number): string {
  const size = Math.abs(ms);
  const sign = ms < 0 ? '−' : '';
  if (size < 1000) return `${sign}${Math.round(size)} ms`;
  if (size < 60_000) return `${sign}${(size / 1000).toFixed(size < 10_000 ? 2 : 1)} s`;
  if (size < 3_600_000) return `${sign}${(size / 60_000).toFixed(size < 600_000 ? 1 : 0)} min`;
  if (size < 48 * 3_600_000) return `${sign}${(size / 3_600_000).toFixed(1)} h`;
  return `${sign}${(size / 86_400_000).toFixed(1)} d`;
}

/** How long after the first time the second one was; nothing where one of them is not known. */
export function between(from: string | null | undefined, to: string | null | undefined): number | undefined {
  if (!from || !to) return undefined;
  const ms = Date.parse(to) - Date.parse(from);
  return Number.isNaN(ms) ? undefined : ms;
}

/** A step's time as the distance to the step before; the time itself where there is none. */
export function stepTag(before: string | null, time: string | null, now: Date): Html {
  const ms = between(before, time);
  if (time === null || ms === undefined) return timeTag(time, now);
  const sign = ms < 0 ? '' : '+';
  return html`<time datetime="${time}" title="${time}">${sign}${duration(ms)}</time>`;
}

/** `models/veo/operations/abc` as `abc`, in which nothing is lost by which jobs on a page differ. */
export function shortId(id: string): string {
  const last = id.slice(id.lastIndexOf('/') + 1);
  return last.length > 20 ? `${last.slice(0, 12)}…${last.slice(-5)}` : last;
}
