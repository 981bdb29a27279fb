/** What a person can do to a local run: submit, send, lose, delay. */
import { html } from 'hono/html';
import { type Html, NOTHING } from '../format.ts';
import type { LocalControls } from '../source.ts';
import type { choice } from './jobs.ts';

export async function localPage(local: LocalControls): Promise<Html> {
  const scenarios = await local.scenarios();
  return html`<div class="head"><h1>Local run</h1></div>
<p class="hint">Webhooks come to <code class="id">${local.webhookUrl}</code>. Open <a href="/jobs">Jobs</a> beside this page and watch.</p>
<div class="panels">${scenarios === undefined ? html`<p class="hint">Another Gemini is in the simulator's place: nothing can be submitted here.</p>` : submitForm(scenarios)}${sendForm()}</div>
${scenarios === undefined ? NOTHING : switchesForm(await local.switches())}`;
}

function submitForm(scenarios: Readonly<Record<string, readonly string[]>>): Html {
  const kinds = Object.keys(scenarios).map((kind) => [kind, kind] as const);
  return html`<section class="panel"><h2>Submit a job</h2>
<form data-change-form="submit" class="stack">
<div class="pair"><label>Kind ${bareChoice('jobType', kinds, 'data-kind')}</label>
<label>Scenario <select name="scenario" data-scenarios="${JSON.stringify(scenarios)}"><option value="">as Gemini would</option>${Object.entries(
    scenarios,
  ).map(
    ([kind, names]) =>
      html`<optgroup label="${kind}">${names.map((name) => html`<option value="${name}">${name}</option>`)}</optgroup>`,
  )}</select></label></div>
<label>Prompt <input name="prompt" value="Why is the sky blue?" maxlength="500"></label>
<div class="pair"><label>Input of a batch ${bareChoice('input', [
    ['inline', 'inline'],
    ['file', 'a file'],
    ['embeddings', 'embeddings'],
  ])}</label><label>Requests or samples <input name="count" type="number" min="1" max="10000" value="3" data-number></label></div>
<label>Webhook ${bareChoice('webhook', [
    ['static', 'static: the registered one'],
    ['dynamic', 'dynamic: one of the job’s own'],
  ])}</label>
<button class="primary">Submit</button></form></section>`;
}

const KINDS_OF_DELIVERY = [
  [
    'valid',
    'Valid',
    'About a batch whose own webhook is held back, signed with the secret: 200, and it is on the bus.',
  ],
  [
    'duplicate',
    'Duplicate',
    'The same delivery twice: the second one is answered 200, and nothing is published again.',
  ],
  ['wrong-signature', 'Wrong signature', 'Signed with another secret: 401.'],
  ['dynamic', 'Dynamic', 'A job with a webhook of its own, signed by Gemini’s keys (v1a).'],
  ['foreign', 'Foreign', 'A job of somebody else’s project, with a signature that is valid.'],
] as const;

function sendForm(): Html {
  return html`<section class="panel"><h2>Send a webhook</h2>
<form data-change-form="send" class="stack">
<div class="pair"><label>Event type <input name="eventType" value="batch.succeeded" maxlength="200"></label>
<label>Job id <input name="jobId" placeholder="a batch of its own" maxlength="512"></label></div>
<fieldset class="choices"><legend>Which</legend>${KINDS_OF_DELIVERY.map(
    ([value, label, what], index) =>
      html`<label><input type="radio" name="which" value="${value}"${index === 0 ? html` checked` : ''}> <span><b>${label}</b> ${what}</span></label>`,
  )}</fieldset>
<button class="primary">Send</button></form></section>`;
}

function switchesForm(switches: Readonly<Record<string, unknown>>): Html {
  return html`<section class="panel wide"><h2>The simulator's switches</h2>
<form data-change-form="switches" class="switches">${Object.entries(switches).map(([name, value]) => switchInput(name, value))}
<div class="end"><button class="primary">Set</button></div></form></section>`;
}

/** Under the names that the simulator has for them, each by the type of its value; an object, or nothing, is JSON. */
function switchInput(name: string, value: unknown): Html {
  const label = html`<code>${name}</code>`;
  if (typeof value === 'boolean') {
    return html`<label class="check"><input type="checkbox" name="${name}" data-boolean${value ? html` checked` : ''}> ${label}</label>`;
  }
  if (typeof value === 'number')
    return html`<label>${label} <input type="number" name="${name}" value="${value}" data-number></label>`;
  if (typeof value === 'string')
    return html`<label>${label} <input name="${name}" value="${value}" spellcheck="false"></label>`;
  return html`<label>${label} <input name="${name}" value="${JSON.stringify(value)}" data-json spellcheck="false"></label>`;
}

function bareChoice(name: string, options: Parameters<typeof choice>[2], attribute?: 'data-kind'): Html {
  return html`<select name="${name}"${attribute === undefined ? '' : html` data-kind`}>${options.map(([value, label]) => html`<option value="${value}">${label}</option>`)}</select>`;
}
