/** What came, how it was answered, and why. */
import { html } from 'hono/html';
import { FETCHED_JOB_TYPES } from '../../../lambda/contract.ts';
import { counted } from '../../table.ts';
import { type Html, NOTHING, shortId, timeTag } from '../format.ts';
import type { Answer, Deliveries, DeliveryRow } from '../source.ts';
import type { Region } from './layout.ts';

export interface DeliveriesView {
  readonly deliveries: Deliveries;
  readonly allowsChanges: boolean;
  readonly isLocal: boolean;
  readonly now: Date;
}

const MOST_ROWS = 200;

export function deliveriesRegions(view: DeliveriesView): readonly Region[] {
  return [
    { id: 'refused', content: refused(view) },
    { id: 'deliveries', content: table(view) },
  ];
}

/** Nothing is parsed, logged or stored before a signature holds: what was refused has left a count, and no more. */
const WHY: Readonly<Record<string, string>> = {
  ERR_BODY_INVALID: 'signed, but the body is no event',
  ERR_BODY_TOO_LARGE: 'the body is over 256 KiB',
  ERR_HEADER_INVALID: 'a header is malformed',
  ERR_HEADER_MISSING: 'a header is missing',
  ERR_SIGNATURE_MISMATCH: 'no key or secret made this signature',
  ERR_TIMESTAMP_OUT_OF_TOLERANCE: 'sent, or replayed, over five minutes off',
  ERR_TOKEN_MISMATCH: 'the token in the URL is not ours',
};

function refused({ deliveries, allowsChanges }: DeliveriesView): Html {
  const { refused: all, refusedSince, quarantined = 0 } = deliveries;
  const again =
    quarantined > 0 && allowsChanges
      ? html` <button type="button" class="small" data-change="${JSON.stringify({ kind: 'reverify' })}">Verify once more</button>`
      : NOTHING;
  const kept =
    quarantined === 0
      ? NOTHING
      : html`<p class="hint">${counted(quarantined, 'delivery', 'deliveries')} in quarantine.${again}</p>`;
  if (all.length === 0) return html`<h2>Refused</h2><p class="hint">None ${refusedSince}.</p>${kept}`;
  return html`<h2>Refused <span class="quiet">${refusedSince}</span></h2><div class="scroll fit" role="region" aria-label="Refused" tabindex="0"><table class="plain"><thead><tr><th scope="col" class="number">Count</th><th scope="col">Code</th><th scope="col">Why</th></tr></thead>
<tbody>${all.map(
    ({ code, count }) =>
      html`<tr><td class="number">${count}</td><td><code>${code}</code></td><td class="wrap">${WHY[code] ?? ''}</td></tr>`,
  )}</tbody></table></div>${kept}`;
}

function table({ deliveries: { rows }, allowsChanges, isLocal, now }: DeliveriesView): Html {
  if (rows.length === 0) return html`<div class="empty"><p>No delivery has come yet.</p></div>`;
  const canSend = allowsChanges && isLocal;
  const shown = rows.slice(0, MOST_ROWS);
  return html`<div class="scroll" role="region" aria-label="Deliveries, newest first" tabindex="0"><table class="cards"><caption class="visually-hidden">Deliveries, newest first</caption>
<thead><tr><th scope="col">Received</th><th scope="col">Event</th><th scope="col">Job</th><th scope="col">Answers</th><th scope="col">Scheme</th><th scope="col">Project</th><th scope="col">Webhook id</th>${canSend ? html`<th scope="col"><span class="visually-hidden">Actions</span></th>` : NOTHING}</tr></thead>
<tbody>${shown.map((row) => deliveryRow(row, canSend, now))}</tbody></table></div>
<div class="pager"><span>${counted(shown.length, 'delivery', 'deliveries')}${rows.length > shown.length ? ` of ${rows.length}` : ''}</span></div>`;
}

function deliveryRow(row: DeliveryRow, canSend: boolean, now: Date): Html {
  const { receivedAt, eventType, jobId, scheme, project, webhookId, answers } = row;
  const path = jobPathOf(row);
  return html`<tr><td data-label="Received">${timeTag(receivedAt, now)}</td><td data-label="Event">${eventType}</td>
<th scope="row" data-label="Job">${jobId === null ? html`<span class="none">–</span>` : path === undefined ? shortId(jobId) : html`<a class="row" href="${path}">${shortId(jobId)}</a>`}</th>
<td data-label="Answers"><span class="answers">${runsOf(answers).map(answerTag)}</span></td>
<td data-label="Scheme">${scheme === 'api' ? html`<span title="No webhook came; the reconciler found it">api</span>` : scheme}</td><td data-label="Project">${project}</td>
<td data-label="Webhook id">${scheme === 'api' ? html`<span class="none">–</span>` : html`<code title="${webhookId}">${shortId(webhookId)}</code>`}</td>${
    canSend
      ? html`<td>${scheme === 'api' ? NOTHING : html`<button type="button" class="small" data-change="${JSON.stringify({ kind: 'redeliver', webhookId })}">Redeliver</button>`}</td>`
      : NOTHING
  }</tr>`;
}

function jobPathOf({ project, eventType, jobId }: DeliveryRow): string | undefined {
  const jobType = FETCHED_JOB_TYPES.find((type) => eventType.startsWith(`${type}.`));
  if (jobId === null || jobType === undefined) return undefined;
  const id = jobId.slice(jobId.lastIndexOf('/') + 1);
  return `/jobs/${encodeURIComponent(project)}/${jobType}/${encodeURIComponent(id)}`;
}

interface AnswerRun extends Answer {
  readonly times: number;
}

/** Answers that were the same one after the other are one word. */
function runsOf(answers: readonly Answer[]): readonly AnswerRun[] {
  const runs: AnswerRun[] = [];
  for (const answer of answers) {
    const last = runs.at(-1);
    if (last?.outcome === answer.outcome && last.status === answer.status) {
      runs[runs.length - 1] = { ...last, times: last.times + 1 };
    } else runs.push({ ...answer, times: 1 });
  }
  return runs;
}

function answerTag({ at, status, outcome, times }: AnswerRun): Html {
  const isGood = outcome === 'accepted' || outcome === 'duplicate';
  const tone = outcome === 'duplicate' ? 'quiet' : isGood ? 'stored' : outcome === 'in-progress' ? 'waiting' : 'failed';
  const text = status === undefined || status === 0 ? outcome : `${status} ${outcome}`;
  return html`<span class="pill ${tone}" title="${at}">${text}${times > 1 ? ` ×${times}` : ''}</span>`;
}
