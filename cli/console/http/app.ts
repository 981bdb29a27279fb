/** The console's routes. */
import { readFileSync } from 'node:fs';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { html } from 'hono/html';
import { FETCHED_JOB_TYPES } from '../../../lambda/contract.ts';
import { CliError } from '../../cli-error.ts';
import { isLocal, parseChange } from '../changes.ts';
import type { Html } from '../format.ts';
import { readQuery, withFilters } from '../job-filter.ts';
import { kindOf, pcmRateOf, rangeOf, safeTypeOf } from '../outputs/content.ts';
import { FRAME_POLICY, viewOf } from '../outputs/view.ts';
import { playable } from '../outputs/wav.ts';
import { deliveriesRegions } from '../pages/deliveries.ts';
import { healthRegions } from '../pages/health.ts';
import { type JobView, jobRegions, jobTitle } from '../pages/job.ts';
import { type JobsView, jobsHead, jobsTable } from '../pages/jobs.ts';
import { layout, type Page, type Region, region } from '../pages/layout.ts';
import { localPage } from '../pages/local.ts';
import {
  type Access,
  keyOnly,
  mayChange,
  OBJECT_POLICY,
  ownHostOnly,
  PAGE_POLICY,
  secureHeaders,
} from '../security.ts';
import type { ConsoleSource, JobDetail } from '../source.ts';
import { LiveRegions } from './live.ts';

export interface AppOptions {
  readonly source: ConsoleSource;
  readonly access: Access;
  readonly clock: () => Date;
}

const SCRIPT = 'text/javascript; charset=utf-8';
const ASSETS = {
  'changes.js': SCRIPT,
  'console.css': 'text/css; charset=utf-8',
  'console.js': SCRIPT,
  'forms.js': SCRIPT,
  'icon.svg': 'image/svg+xml',
  'keyboard.js': SCRIPT,
  'live.js': SCRIPT,
} as const;

export function createApp({ source, access, clock }: AppOptions): Hono {
  const app = new Hono();
  const live = new LiveRegions();
  const show = async (context: Context, page: Page, status: 200 | 404 = 200) => {
    context.header('content-security-policy', PAGE_POLICY);
    context.header('cache-control', 'no-store');
    return context.html(await layout({ source, token: access.token }, page), status);
  };
  const missing = (context: Context, what: string) =>
    show(
      context,
      {
        title: 'Not found',
        at: '',
        body: html`<div class="empty"><p>${what}</p><p><a href="/jobs">All jobs</a></p></div>`,
      },
      404,
    );

  app.use(secureHeaders);
  app.use(ownHostOnly(access));
  for (const [name, type] of Object.entries(ASSETS)) {
    const content = readFileSync(new URL(`../assets/${name}`, import.meta.url));
    app.get(`/assets/${name}`, (context) => {
      context.header('cache-control', 'no-cache');
      return context.body(content, 200, { 'content-type': type });
    });
  }
  app.use(keyOnly(access));
  app.get('/', (context) => context.redirect('/jobs'));

  const jobsView = async (context: Context): Promise<JobsView> => {
    const parameters = new URL(context.req.url).searchParams;
    const now = clock();
    const query = readQuery(parameters, now);
    return { parameters, query, now, projects: source.projects, page: await source.jobs(query) };
  };
  app.get('/jobs', async (context) => {
    const view = await jobsView(context);
    // A page of older jobs is one that a person reads: it stays.
    const stays = view.query.cursor !== undefined;
    const body = html`${jobsHead(view)}${await region({ id: 'jobs', content: jobsTable(view) })}`;
    const url = `/live/jobs${withFilters(view.parameters, {})}`;
    return show(context, { title: 'Jobs', at: '/jobs', body, ...(!stays && { live: url }) });
  });
  app.get('/live/jobs', (context) =>
    live.serve(context, source.refreshMs, async () => ({
      regions: [{ id: 'jobs', content: jobsTable(await jobsView(context)) }],
      isFinal: false,
    })),
  );

  const findJob = async (context: Context): Promise<JobDetail | undefined> => {
    const { project = '', type = '', id = '' } = context.req.param() as Record<string, string>;
    const jobType = FETCHED_JOB_TYPES.find((one) => one === type);
    return jobType === undefined ? undefined : await source.job({ project, jobType, id });
  };
  const jobView = (detail: JobDetail, logs: JobView['logs']): JobView => ({
    ...{ detail, logs, now: clock() },
    allowsChanges: source.allowsChanges,
    isLocal: source.local !== undefined,
  });
  app.get('/jobs/:project/:type/:id', async (context) => {
    const detail = await findJob(context);
    if (detail === undefined) return missing(context, 'No such job is known here.');
    const regions = jobRegions(jobView(detail, undefined));
    const { pathname } = new URL(context.req.url);
    return show(context, { title: jobTitle(detail), at: '/jobs', body: await all(regions), live: `/live${pathname}` });
  });
  app.get('/live/jobs/:project/:type/:id', (context) =>
    live.serve(context, source.refreshMs, async () => {
      const detail = await findJob(context);
      if (detail === undefined) return { regions: [], isFinal: true };
      const logs = await source.logs(detail.row);
      return { regions: jobRegions(jobView(detail, logs)), isFinal: detail.row.state !== 'waiting' };
    }),
  );

  const deliveries = async () =>
    deliveriesRegions({
      ...{ deliveries: await source.deliveries(), now: clock() },
      allowsChanges: source.allowsChanges,
      isLocal: source.local !== undefined,
    });
  const health = async () => healthRegions(await source.health(), source.allowsChanges);
  for (const [path, title, render] of [
    ['/deliveries', 'Deliveries', deliveries],
    ['/health', 'Health', health],
  ] as const) {
    app.get(path, async (context) => {
      const body = html`<div class="head"><h1>${title}</h1></div>${await all(await render())}`;
      return show(context, { title, at: path, body, live: `/live${path}` });
    });
    app.get(`/live${path}`, (context) =>
      live.serve(context, source.refreshMs, async () => ({ regions: await render(), isFinal: false })),
    );
  }
  app.get('/local', async (context) => {
    if (source.local === undefined) return missing(context, 'This is no local run.');
    return show(context, { title: 'Local run', at: '/local', body: await localPage(source.local) });
  });

  app.get('/view/*', async (context) => {
    const key = keyIn(context, '/view/');
    const object = await source.object(key);
    if (object === undefined) return context.text('No such object is stored.', 404);
    context.header('content-security-policy', FRAME_POLICY);
    context.header('cache-control', 'no-store');
    return context.html(await viewOf(key, object));
  });
  app.get('/objects/*', (context) => serveObject(context, source));

  app.post('/changes', bodyLimit({ maxSize: 64 * 1024 }), async (context) => {
    if (!source.allowsChanges)
      return context.json({ message: 'The console is read-only. Start it with --allow-changes.' }, 403);
    if (!mayChange(context, access))
      return context.json({ message: 'The token is missing or old. Load the page again.' }, 403);
    const change = parseChange(await context.req.json().catch(() => undefined));
    if (change === undefined) return context.json({ message: 'This is no change that is known here.' }, 400);
    if (isLocal(change) && source.local === undefined)
      return context.json({ message: 'This can be done in a local run only.' }, 403);
    return context.json({ message: await source.change(change) });
  });

  app.notFound((context) => missing(context, 'There is no such page.'));
  app.onError((error, context) => {
    const message = error instanceof Error ? error.message : String(error);
    const status = error instanceof CliError ? 409 : 502;
    if (context.req.path === '/changes') return context.json({ message }, status);
    return context.text(`${message}\n`, status);
  });
  return app;
}

async function all(regions: readonly Region[]): Promise<Html> {
  const written = await Promise.all(regions.map((one) => region(one, 'section')));
  return html`${written}`;
}

function keyIn(context: Context, prefix: string): string {
  return new URL(context.req.url).pathname.slice(prefix.length).split('/').map(decodeURIComponent).join('/');
}

async function serveObject(context: Context, source: ConsoleSource): Promise<Response> {
  const key = keyIn(context, '/objects/');
  const found = await source.object(key);
  if (found === undefined) return context.text('No such object is stored.', 404);
  const { searchParams } = new URL(context.req.url);
  const isDownload = searchParams.has('download') || safeTypeOf(found.contentType) === 'application/octet-stream';
  const rate = searchParams.has('play') ? pcmRateOf(found.contentType) : undefined;
  const object = rate === undefined ? found : playable(found, rate);
  const name = key.slice(key.lastIndexOf('/') + 1).replaceAll(/[^\w.-]/g, '_');
  const range = rangeOf(context.req.header('range'), object.bytes);
  const headers: Record<string, string> = {
    'content-security-policy': OBJECT_POLICY,
    'content-type':
      kindOf(key, found.contentType) === 'other' ? 'application/octet-stream' : safeTypeOf(object.contentType),
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-cache',
    ...(isDownload && rate === undefined && { 'content-disposition': `attachment; filename="${name}"` }),
  };
  if (range === 'unsatisfiable')
    return context.body(null, 416, { ...headers, 'content-range': `bytes */${object.bytes}` });
  if (object.bytes === 0) return context.body(null, 200, { ...headers, 'content-length': '0' });
  const { start, end } = range ?? { start: 0, end: object.bytes - 1 };
  return context.body(await object.open(start, end), range === undefined ? 200 : 206, {
    ...headers,
    'content-length': String(end - start + 1),
    ...(range !== undefined && { 'content-range': `bytes ${start}-${end}/${object.bytes}` }),
  });
}
