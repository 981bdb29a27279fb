/** The table of jobs, with its search and filters. */
import { html } from 'hono/html';
import { FETCHED_JOB_TYPES } from '../../../lambda/contract.ts';
import { JOB_STATES, type JobRow, waitingOf } from '../../job-row.ts';
import { counted } from '../../table.ts';
import { between, duration, type Html, NOTHING, shortId, stepTag, timeTag } from '../format.ts';
import { bornAt, type Filter, withFilters } from '../job-filter.ts';
import { type JobPage, type JobQuery, nameOf } from '../source.ts';

export interface JobsView {
  readonly parameters: URLSearchParams;
  readonly query: JobQuery;
  readonly projects: readonly string[];
  readonly page: JobPage;
  readonly now: Date;
}

function jobPath(row: JobRow): string {
  const { project, jobType, id } = nameOf(row);
  return `/jobs/${encodeURIComponent(project)}/${jobType}/${encodeURIComponent(id)}`;
}

export function jobsHead({ parameters, query, projects }: JobsView): Html {
  const link = (changes: Partial<Record<Filter, string | undefined>>) => `/jobs${withFilters(parameters, changes)}`;
  const tab = (label: string, state: string | undefined) =>
    html`<li><a href="${link({ state })}"${query.state === state ? html` aria-current="true"` : ''}>${label}</a></li>`;
  return html`<div class="head"><h1>Jobs</h1>
<ul class="tabs" aria-label="State">${tab('All', undefined)}${JOB_STATES.map((state) => tab(capital(state), state))}</ul></div>
<form class="filters" role="search" method="get" action="/jobs" data-auto>
<label class="search"><span class="visually-hidden">Search by id, name, metadata or code</span>
<input type="search" name="q" value="${query.text}" placeholder="Search by id, name, metadata or code" autocomplete="off" data-search></label>
${query.state === undefined ? NOTHING : html`<input type="hidden" name="state" value="${query.state}">`}
${choice('type', 'Kind', [['', 'Any kind'], ...FETCHED_JOB_TYPES.map((type) => [type, capital(type)] as const)], query.jobType)}
${
  projects.length < 2
    ? NOTHING
    : choice(
        'project',
        'Project',
        [['', 'Any project'], ...projects.map((name) => [name, name] as const)],
        query.project,
      )
}
${choice('since', 'Since', SINCE, parameters.get('since') ?? '')}
<button>Filter</button>
${withFilters(parameters, {}) === '' ? NOTHING : html`<a class="clear" href="/jobs">Clear</a>`}
</form>`;
}

const SINCE = [
  ['', 'Any time'],
  ['15m', 'Last 15 minutes'],
  ['2h', 'Last 2 hours'],
  ['24h', 'Last 24 hours'],
  ['7d', 'Last 7 days'],
] as const;

export function choice(
  name: string,
  label: string,
  options: readonly (readonly [value: string, label: string])[],
  chosen: string | undefined,
): Html {
  return html`<label><span class="visually-hidden">${label}</span><select name="${name}">${options.map(
    ([value, text]) =>
      html`<option value="${value}"${value === (chosen ?? '') ? html` selected` : ''}>${text}</option>`,
  )}</select></label>`;
}

export function jobsTable({ parameters, query, projects, page, now }: JobsView): Html {
  if (page.rows.length === 0) return nothing(parameters);
  const next = page.next === undefined ? undefined : `/jobs${withFilters(parameters, { cursor: page.next })}`;
  const withProject = projects.length > 1;
  return html`<div class="scroll" role="region" aria-label="Jobs, newest first" tabindex="0"><table class="jobs cards">
<caption class="visually-hidden">Jobs, newest first</caption>
<thead><tr><th scope="col">State</th><th scope="col">Job</th><th scope="col">Kind</th>${
    withProject ? html`<th scope="col">Project</th>` : NOTHING
  }<th scope="col">Submitted</th>
<th scope="col" class="step">Ended</th><th scope="col" class="step">Webhook</th><th scope="col" class="step">On the bus</th><th scope="col" class="step">Stored</th>
<th scope="col" class="number">Total</th><th scope="col" class="number">Attempts</th></tr></thead>
<tbody>${page.rows.map((row) => jobRow(row, { withProject, now }))}</tbody></table></div>
<div class="pager"><span>${counted(page.rows.length, 'job')} on this page. + is the time since the step before.</span>
${query.cursor === undefined ? NOTHING : html`<a href="/jobs${withFilters(parameters, {})}">Newest</a>`}
${next === undefined ? NOTHING : html`<a rel="next" href="${next}">Older</a>`}</div>`;
}

function nothing(parameters: URLSearchParams): Html {
  const isFiltered = withFilters(parameters, {}) !== '';
  return html`<div class="empty"><p>${isFiltered ? 'No job fits these filters.' : 'No job is known yet.'}</p><p>${
    isFiltered
      ? html`<a href="/jobs">Show all jobs</a>`
      : 'A job is here as soon as an application announces it or its webhook comes.'
  }</p></div>`;
}

function jobRow(row: JobRow, { withProject, now }: { readonly withProject: boolean; readonly now: Date }): Html {
  const path = jobPath(row);
  const start = row.submittedAt ?? row.createdAt;
  const total = between(bornAt(row) || null, row.storedAt ?? row.failedAt);
  return html`<tr id="${path}" class="${row.state}"><td data-label="State">${stateTag(row, now)}</td>
<th scope="row" data-label="Job"><a class="row" href="${path}">${row.displayName ?? shortId(row.jobId)}</a>${subline(row)}</th>
<td data-label="Kind">${row.jobType}</td>${withProject ? html`<td data-label="Project">${row.project}</td>` : NOTHING}
<td data-label="Submitted">${timeTag(start, now)}</td>
<td data-label="Ended" class="step">${stepTag(start, row.endedAt, now)}</td>
<td data-label="Webhook" class="step">${webhookTag(row, now)}</td>
<td data-label="On the bus" class="step">${stepTag(row.deliveredAt, row.publishedAt, now)}</td>
<td data-label="Stored" class="step">${stepTag(row.publishedAt, row.storedAt, now)}</td>
<td data-label="Total" class="number">${total === undefined ? html`<span class="none">–</span>` : duration(total)}</td>
<td data-label="Attempts" class="number">${row.attempts || html`<span class="none">–</span>`}</td></tr>`;
}

function subline(row: JobRow): Html {
  const id = row.displayName === null ? NOTHING : html`<code title="${row.jobId}">${shortId(row.jobId)}</code>`;
  return html`<span class="sub">${id}${metadataTags(row.userMetadata)}</span>`;
}

function webhookTag(row: JobRow, now: Date): Html {
  if (row.origin === 'reconciler') {
    return html`<span class="pill quiet" title="No webhook came; the reconciler found the job">reconciled</span>`;
  }
  return stepTag(row.endedAt, row.deliveredAt, now);
}

export function stateTag(row: JobRow, now: Date): Html {
  const waiting = waitingOf(row);
  const pill = html`<span class="pill ${row.state}">${row.state}</span>`;
  if (waiting === undefined) return pill;
  const next = waiting.nextAt === null ? NOTHING : html`; next try ${timeTag(waiting.nextAt, now)}`;
  return html`${pill}<span class="why">${row.state === 'waiting' ? 'because ' : ''}${waiting.because}${next}</span>`;
}

const MOST_TAGS = 4;

export function metadataTags(metadata: Readonly<Record<string, unknown>>): Html {
  const all = Object.entries(metadata);
  if (all.length === 0) return NOTHING;
  const more = all.length > MOST_TAGS ? html`<span class="tag">+${all.length - MOST_TAGS}</span>` : NOTHING;
  return html`<span class="tags">${all.slice(0, MOST_TAGS).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return html`<span class="tag" title="${name}: ${text}"><b>${name}</b> ${text.length > 32 ? `${text.slice(0, 31)}…` : text}</span>`;
  })}${more}</span>`;
}

export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
