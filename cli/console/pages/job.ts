/** One job: its life, its outputs, its events, its manifests and what the functions logged about it. */
import { html } from 'hono/html';
import type { LogLine } from '../../logs.ts';
import { formatBytes } from '../../table.ts';
import { between, duration, type Html, NOTHING, shortId, timeTag } from '../format.ts';
import { kindOf } from '../outputs/content.ts';
import type { JobDetail, StoredManifest } from '../source.ts';
import { type Step, stepsOf } from '../timeline.ts';
import { metadataTags, stateTag } from './jobs.ts';
import type { Region } from './layout.ts';
import { tailOf, timelineSvg } from './timeline-svg.ts';

export interface JobView {
  readonly detail: JobDetail;
  /** Undefined while they are being read. */
  readonly logs: readonly LogLine[] | undefined;
  readonly allowsChanges: boolean;
  readonly isLocal: boolean;
  readonly now: Date;
}

export function jobRegions(view: JobView): readonly Region[] {
  return [
    { id: 'summary', content: summary(view) },
    { id: 'life', content: life(view) },
    { id: 'outputs', content: outputs(view.detail) },
    { id: 'events', content: events(view.detail) },
    { id: 'manifests', content: manifests(view.detail) },
    { id: 'logs', content: logLines(view.logs, view.now) },
  ];
}

export function jobTitle({ row }: JobDetail): string {
  return row.displayName ?? shortId(row.jobId);
}

function summary({ detail, allowsChanges, isLocal, now }: JobView): Html {
  const { row } = detail;
  const { project, jobType, jobId } = row;
  const job = JSON.stringify({ project, jobType, jobId });
  const [first] = detail.manifests;
  const fact = (name: string, value: Html | string | null) =>
    value === null ? NOTHING : html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
  const button = (kind: string, label: string, title: string) =>
    html`<button type="button" data-change="${JSON.stringify({ kind, ...JSON.parse(job) })}" title="${title}">${label}</button>`;
  return html`<div class="head"><div><h1>${jobTitle(detail)}</h1><p class="subtitle">${stateTag(row, now)}</p></div>
${
  allowsChanges
    ? html`<div class="actions">${button('refetch', 'Fetch again', 'Its event goes to its fetcher once more; what is stored stays as it is')}
${isLocal ? button('dead-letter', 'Dead-letter now', 'Its event goes to the dead-letter queue of its fetcher, as after the last attempt') : NOTHING}</div>`
    : NOTHING
}</div>
<dl class="facts">${fact('Job', html`<code class="id">${jobId}</code>`)}${fact('Kind', jobType)}${fact('Project', project)}
${fact('Model', first?.manifest.job.model ?? null)}${fact('Status at Gemini', first?.manifest.job.status ?? null)}
${fact('Submitted', timeTag(row.submittedAt ?? row.createdAt, now))}${fact('Attempts', row.attempts === 0 ? null : String(row.attempts))}
${fact('Usage', usage(first))}${Object.keys(row.userMetadata).length === 0 ? NOTHING : fact('Metadata', metadataTags(row.userMetadata))}</dl>
${first?.manifest.error ? html`<p class="problem" role="note"><b>${first.manifest.error.code}</b> ${first.manifest.error.message}</p>` : NOTHING}
${detail.manifests.flatMap(({ manifest }) => manifest.notes).map((note) => html`<p class="hint">${note}</p>`)}`;
}

function usage(found: StoredManifest | undefined): string | null {
  const { usage } = found?.manifest ?? {};
  const total = usage?.['totalTokenCount'] ?? usage?.['total_tokens'];
  return typeof total === 'number' ? `${total.toLocaleString('en')} tokens` : null;
}

function life({ detail, logs = [], now }: JobView): Html {
  const steps = stepsOf(detail, logs, now);
  const tail = tailOf(steps);
  return html`<h2>Timeline</h2><div class="life"><div>${timelineSvg(steps, 'Whole life')}${
    tail === undefined ? NOTHING : timelineSvg(tail, 'After its end')
  }</div>
<div class="scroll steps" role="region" aria-label="Steps" tabindex="0"><table class="plain"><thead><tr><th scope="col">Time</th><th scope="col" class="number">After</th><th scope="col">What</th><th scope="col">Detail</th></tr></thead>
<tbody>${steps.map((step, index) => stepRow(step, steps[index - 1]))}</tbody></table></div></div>`;
}

function stepRow({ lane, at, what, detail, tone }: Step, before: Step | undefined): Html {
  const ms = between(before?.at, at);
  const iso = new Date(at).toISOString();
  return html`<tr><td><time datetime="${at}" title="${iso}">${iso.slice(11, 23)}</time></td>
<td class="number">${ms === undefined ? '' : `+${duration(ms)}`}</td><td><span class="mark ${tone}"></span>${what}<span class="visually-hidden"> (${lane})</span></td><td class="wrap">${detail}</td></tr>`;
}

function outputs({ manifests }: JobDetail): Html {
  const objects = manifests.flatMap(({ manifest }) => manifest.objects);
  if (objects.length === 0) {
    return html`<h2>Outputs</h2><p class="hint">${manifests.length === 0 ? 'Nothing is stored yet.' : 'The job has no outputs.'}</p>`;
  }
  return html`<h2>Outputs <span class="count">${objects.length}</span></h2><div class="outputs">${objects.map(
    ({ key, bytes, contentType }) => {
      const name = key.slice(key.lastIndexOf('/') + 1);
      const path = key.split('/').map(encodeURIComponent).join('/');
      return html`<article class="output" aria-label="${name}"><header><h3>${name}</h3><span class="quiet">${contentType.split(';', 1)[0]}, ${formatBytes(bytes)}</span>
<a href="/objects/${path}?download" download="${name}">Download</a></header>${preview(path, name, kindOf(key, contentType))}</article>`;
    },
  )}</div>`;
}

function preview(path: string, name: string, kind: ReturnType<typeof kindOf>): Html {
  switch (kind) {
    case 'image':
      return html`<a class="picture" href="/objects/${path}"><img src="/objects/${path}" alt="${name}" loading="lazy"></a>`;
    case 'video':
      return html`<video controls preload="metadata" playsinline src="/objects/${path}" aria-label="${name}"></video>`;
    case 'audio':
      return html`<audio controls preload="metadata" src="/objects/${path}?play" aria-label="${name}"></audio>`;
    case 'other':
      return html`<p class="hint">It has no preview. Download it to look at it.</p>`;
    case 'markdown':
    case 'json-lines':
      return html`<iframe class="tall" sandbox src="/view/${path}" title="${name}" loading="lazy"></iframe>`;
    case 'json':
    case 'text':
      return html`<details><summary>Show</summary><iframe class="tall" sandbox src="/view/${path}" title="${name}" loading="lazy"></iframe></details>`;
    default:
      return kind satisfies never;
  }
}

function events({ row, events: all }: JobDetail): Html {
  if (all === undefined) {
    return html`<h2>Events</h2><p class="hint">The bus keeps no events that can be looked up. The ledger knows of ${
      row.eventType === null ? 'none' : html`<code>${row.eventType}</code>`
    }${row.webhookId === null ? NOTHING : html`, webhook id <code>${row.webhookId}</code>`}; the archive has it as it was: <code>gemini-webhooks replay</code> sends it once more.</p>`;
  }
  return html`<h2>Events <span class="count">${all.length}</span></h2>${all.map(
    (event) =>
      html`<details><summary><code>${String(event['detail-type'])}</code> <span class="quiet">${String(event['time'])}, ${String(event['source'])}</span></summary><pre>${JSON.stringify(event, null, 2)}</pre></details>`,
  )}`;
}

function manifests({ manifests: all }: JobDetail): Html {
  if (all.length === 0) return NOTHING;
  return html`<h2>${all.length === 1 ? 'Manifest' : 'Manifests'}</h2>${all.map(
    ({ key, manifest }) =>
      html`<details><summary><code class="id">${key}</code></summary><pre>${JSON.stringify(manifest, null, 2)}</pre></details>`,
  )}`;
}

function logLines(lines: readonly LogLine[] | undefined, now: Date): Html {
  if (lines === undefined) return html`<h2>Logs</h2><p class="hint">The functions' logs are being read …</p>`;
  if (lines.length === 0) return html`<h2>Logs</h2><p class="hint">No function has logged a line about this job.</p>`;
  return html`<h2>Logs <span class="count">${lines.length}</span></h2>
<div class="scroll" role="region" aria-label="Log lines" tabindex="0"><table class="plain logs"><thead><tr><th scope="col">Time</th><th scope="col">Function</th><th scope="col">Level</th><th scope="col">Message</th></tr></thead>
<tbody>${lines.map(
    ({ time, function: name, level, message, fields }) =>
      html`<tr><td>${timeTag(time, now)}</td><td>${name}</td><td><span class="level ${level.toLowerCase()}">${level.toLowerCase()}</span></td><td class="wrap">${message} ${Object.entries(
        fields,
      ).map(
        ([field, value]) =>
          html`<span class="field"><b>${field}</b> ${typeof value === 'string' ? value : JSON.stringify(value)}</span> `,
      )}</td></tr>`,
  )}</tbody></table></div>`;
}
