/** Whether everything is as it should be, and what helps where it is not. */
import { html } from 'hono/html';
import { counted } from '../../table.ts';
import { type Html, NOTHING } from '../format.ts';
import type { HealthRow } from '../source.ts';
import { capital } from './jobs.ts';
import type { Region } from './layout.ts';

const GROUPS = { webhooks: 'Webhooks', alarms: 'Alarms', queues: 'Queues', jobs: 'Jobs', secrets: 'Secrets' } as const;
const SEVERITIES = ['critical', 'high', 'low'] as const;

export function healthRegions(rows: readonly HealthRow[], allowsChanges: boolean): readonly Region[] {
  const bad = rows.filter(({ isGood }) => !isGood);
  const verdict =
    bad.length === 0
      ? html`<p class="verdict good"><span class="mark good"></span>Everything is as it should be.</p>`
      : html`<p class="verdict bad"><span class="mark bad"></span>${counted(bad.length, 'thing')} of ${rows.length} ${bad.length === 1 ? 'is' : 'are'} not as ${bad.length === 1 ? 'it' : 'they'} should be.</p>`;
  const groups = Object.entries(GROUPS).flatMap(([group, title]) => {
    const own = rows.filter((row) => row.group === group).toSorted(bySeverity);
    return own.length === 0
      ? []
      : [
          html`<section class="panel"><h2>${title}</h2><ul class="checks">${own.map((row) => check(row, allowsChanges))}</ul></section>`,
        ];
  });
  return [{ id: 'health', content: html`${verdict}<div class="panels columns">${groups}</div>` }];
}

function bySeverity(a: HealthRow, b: HealthRow): number {
  const rank = ({ isGood, severity }: HealthRow) =>
    isGood ? SEVERITIES.length + 1 : severity === undefined ? SEVERITIES.length : SEVERITIES.indexOf(severity);
  return rank(a) - rank(b);
}

function check({ what, state, isGood, severity, next, change }: HealthRow, allowsChanges: boolean): Html {
  const help = isGood || next === undefined ? NOTHING : html`<span class="next">${nextStep(next)}</span>`;
  const button =
    isGood || change === undefined || !allowsChanges
      ? NOTHING
      : html`<button type="button" data-change="${JSON.stringify(change)}">${capital(change.kind)}</button>`;
  return html`<li class="${isGood ? 'good' : 'bad'}"><span class="mark ${isGood ? 'good' : 'bad'}" role="img" aria-label="${isGood ? 'good' : 'bad'}"></span>
<span class="what">${what}${severity === undefined ? NOTHING : html` <span class="pill ${severity === 'critical' ? 'failed' : 'waiting'}">${severity}</span>`}</span>
<span class="state">${state}</span>${help}${button}</li>`;
}

function nextStep(next: string): Html {
  if (/^https:\/\//.test(next)) return html`<a href="${next}" rel="noreferrer">Runbook</a>`;
  return next.startsWith('docs/') ? html`See ${next}` : html`<code>${next}</code>`;
}
