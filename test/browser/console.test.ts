/** The console in a real browser: what a person sees, and what an output cannot do. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type RunningConsole, startConsole } from '../../cli/console/http/server.ts';
import { nameOf } from '../../cli/console/source.ts';
import { launchBrowser } from '../../tools/browser.ts';
import { addJobWithOutputs, JOB_PATH, JOB_PREFIX } from '../fakes/console-job.ts';
import { FAKE_NOW, type FakeSource, fakeJob, fakeSource } from '../fakes/console-source.ts';

let browser: Browser;
let context: BrowserContext;
let page: Page;
let source: FakeSource;
let running: RunningConsole;
let origin: string;
/** What the browser complained of: an error, or whatever a policy kept from happening. */
let complaints: string[];

const controls = {
  webhookUrl: 'http://127.0.0.1:3000/webhooks/gemini',
  scenarios: async () => ({ batch: ['succeeded', 'failed'], interaction: ['text', 'deep-research'] }),
  switches: async () => ({ jobMs: 1500, refuseRanges: false, rateLimit: { next: 0 }, idStyle: 'name' }),
};

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

beforeEach(async () => {
  source = fakeSource(10_000, { allowsChanges: true, local: controls });
  running = await startConsole(source, 0, () => FAKE_NOW);
  ({ origin } = new URL(running.url));
  await open({ viewport: { width: 1440, height: 900 } });
});
afterEach(async () => {
  await context.close();
  await running.close();
});

/** In a window of its own, with the cookie that the printed URL gives. */
async function open(options: Parameters<Browser['newContext']>[0]): Promise<void> {
  await context?.close();
  context = await browser.newContext(options);
  page = await context.newPage();
  complaints = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(running.url);
}

/** A job with one output of each kind; the Markdown tries what it can. */
async function openJobWithOutputs(): Promise<void> {
  const attack = `<script>parent.document.title = 'taken'</script><img src=x onerror="parent.document.title = 'taken'">`;
  const markdown = `# A report\n\n${attack}\n\n![pixel](${origin}/pixel.png)`;
  addJobWithOutputs(source, [
    { name: 'output.md', contentType: 'text/markdown', content: markdown },
    { name: 'page.html', contentType: 'text/html', content: `${attack}<p>kept as text</p>` },
  ]);
  await page.goto(origin + JOB_PATH);
}

const rows = () => page.locator('tbody tr');
/** What an expression is in the page. */
const inPage = (expression: string): Promise<unknown> => page.evaluate(expression);

it('has a table of jobs that filters narrow, and whose URL can be handed on', async () => {
  await page.getByRole('heading', { name: 'Jobs' }).waitFor();
  expect(await rows().count()).toBe(50);

  await page.getByRole('link', { name: 'Failed', exact: true }).click();
  await page.getByLabel('Kind').selectOption('video');
  await page.waitForURL(/type=video/);
  expect(new URL(page.url()).search).toBe('?state=failed&type=video');
  expect(new Set(await rows().locator('td:first-child .pill').allTextContents())).toEqual(new Set(['failed']));

  await page.goto(`${origin}/jobs`);
  await page.getByRole('searchbox').fill('Nightly summaries 12');
  await page.keyboard.press('Enter');
  await page.waitForURL(/q=Nightly/);
  expect(await rows().first().locator('a.row').textContent()).toMatch(/^Nightly summaries 12/);
  expect(complaints).toEqual([]);
});

it('goes to older jobs and back', async () => {
  const first = await rows().first().textContent();
  await page.getByRole('link', { name: 'Older' }).click();
  await page.waitForURL(/cursor=/);
  expect(await rows().first().textContent()).not.toBe(first);

  await page.getByRole('link', { name: 'Newest' }).click();
  await page.waitForURL(`${origin}/jobs`);
  expect(await rows().first().textContent()).toBe(first);
});

it('shows a job that is new by itself, and leaves the focus where it is', async () => {
  await page.getByRole('status').getByText('live').waitFor();
  const second = page.locator('a.row').nth(1);
  const href = await second.getAttribute('href');
  await second.focus();

  source.rows = [fakeJob(-1, { displayName: 'Just submitted', state: 'waiting' }), ...source.rows];

  await page.getByRole('link', { name: 'Just submitted' }).waitFor();
  expect(await rows().first().getAttribute('class')).toContain('fresh');
  expect(await inPage('document.activeElement.getAttribute("href")')).toBe(href);
});

it('shows a picture, plays video and audio, and a table with errors first', async () => {
  await openJobWithOutputs();

  const picture = page.locator('img[alt="image-00.png"]');
  await picture.scrollIntoViewIfNeeded();
  await expect.poll(() => inPage(`document.querySelector('img[alt="image-00.png"]').naturalWidth`)).toBe(320);
  for (const [media, seconds] of [
    ['video', 3],
    ['audio', 1],
  ] as const) {
    await expect.poll(() => inPage(`document.querySelector('${media}').duration`)).toBeCloseTo(seconds, 1);
    await inPage(`Object.assign(document.querySelector('${media}'), { muted: true }).play()`);
    await expect.poll(() => inPage(`document.querySelector('${media}').currentTime`)).toBeGreaterThan(0);
  }
  await page.locator('iframe[title="responses.jsonl"]').scrollIntoViewIfNeeded();
  const lines = page.frameLocator('iframe[title="responses.jsonl"]').locator('tbody tr');
  await lines.first().waitFor();
  expect(await lines.first().textContent()).toContain('invalid argument');
  expect(await lines.count()).toBe(30);
  expect(complaints).toEqual([]);
});

it('runs no script of an output, in its frame or opened by itself', async () => {
  await openJobWithOutputs();
  const frame = page.frameLocator('iframe[title="output.md"]');
  await frame.getByRole('heading', { name: 'A report' }).waitFor();
  expect(await frame.locator('article').textContent()).toContain('<script>parent.document.title');
  expect(await page.title()).toBe('Market report · GeminiWebhooks, eu-central-1');

  for (const path of [`/view/${JOB_PREFIX}page.html`, `/objects/${JOB_PREFIX}page.html`]) {
    await page.goto(origin + path);
    await page.getByText('kept as text').waitFor();
    expect(await page.title()).not.toBe('taken');
    expect(await inPage('document.scripts.length + document.images.length')).toBe(0);
    // A sandboxed document is of no origin: it could not read a page of ours if anything ran in it.
    expect(await inPage('self.origin')).toBe('null');
  }
});

it('keeps its policy on every page', async () => {
  const { project, jobType, id } = nameOf(fakeJob(2));
  for (const path of ['/jobs', `/jobs/${project}/${jobType}/${id}`, '/deliveries', '/health', '/local', '/none']) {
    await page.goto(origin + path);
    await page.getByRole('main').waitFor();
  }
  // The browser itself says that the last one is not there.
  expect(complaints.filter((text) => !text.includes('404'))).toEqual([]);
});

it.each(['127.0.0.1', 'localhost'])(
  'lets a page of another port of %s neither read nor change anything',
  async (host) => {
    const stranger = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<p>elsewhere'));
    stranger.listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    try {
      await page.goto(`http://${host}:${(stranger.address() as AddressInfo).port}/`);
      const answers = await inPage(`(async () => {
      const order = { method: 'POST', body: '{"kind":"redrive","queue":"all"}' };
      const attempt = (path, init) => fetch('${origin}' + path, { credentials: 'include', ...init }).then((response) => response.status, () => 'failed');
      const load = (tag, path) => new Promise((done) => {
        const element = document.createElement(tag);
        Object.assign(element, { src: '${origin}' + path, onload: () => done('loaded'), onerror: () => done('failed') });
        document.body.append(element);
      });
      return await Promise.all([
        attempt('/jobs'), attempt('/jobs', { mode: 'no-cors' }), attempt('/changes', order), attempt('/changes', { ...order, mode: 'no-cors' }),
        load('script', '/assets/console.js'), load('img', '/assets/icon.svg'),
      ]);
    })()`);

      expect(answers).toEqual(Array.from({ length: 6 }, () => 'failed'));
      expect(source.changes).toEqual([]);
      await page.setContent(`<iframe src="${origin}/jobs"></iframe>`);
      await page.waitForLoadState('networkidle');
      expect(await page.frameLocator('iframe').getByRole('heading', { name: 'Jobs' }).count()).toBe(0);
    } finally {
      stranger.close();
    }
  },
);

it('makes changes by its buttons and forms, and says what became of them', async () => {
  const { project, jobType, id } = nameOf(fakeJob(2));
  await page.goto(`${origin}/jobs/${project}/${jobType}/${id}`);
  await page.getByRole('button', { name: 'Fetch again' }).click();
  await page.getByText('Done: refetch').waitFor();

  await page.goto(`${origin}/local`);
  await page.getByLabel('Kind').selectOption('interaction');
  await page.getByLabel('Scenario').selectOption('deep-research');
  await page.getByRole('button', { name: 'Submit' }).click();
  await page.getByText('Done: submit').waitFor();
  await page.getByLabel('Wrong signature').check();
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('Done: send').waitFor();
  await page.getByLabel('jobMs').fill('20');
  await page.getByLabel('refuseRanges').check();
  await page.getByRole('button', { name: 'Set' }).click();
  await page.getByText('Done: switches').waitFor();

  const [refetch, submit, send, switches] = source.changes;
  expect(refetch).toEqual({ kind: 'refetch', project, jobType, jobId: fakeJob(2).jobId });
  expect(submit).toMatchObject({ kind: 'submit', jobType: 'interaction', scenario: 'deep-research', count: 3 });
  expect(send).toMatchObject({ kind: 'send', which: 'wrong-signature', eventType: 'batch.succeeded' });
  expect(switches).toEqual({
    kind: 'switches',
    switches: { jobMs: 20, refuseRanges: true, rateLimit: { next: 0 }, idStyle: 'name' },
  });
});

it('is used without a mouse', async () => {
  await page.keyboard.press('Tab');
  expect(await inPage('document.activeElement.textContent')).toBe('Skip to the content');
  await page.keyboard.press('Enter');
  expect(await inPage('document.activeElement.id')).toBe('content');

  await page.keyboard.press('/');
  expect(await inPage('document.activeElement.name')).toBe('q');
  await page.keyboard.press('Escape');
  await page.keyboard.press('n');
  await page.keyboard.press('ArrowDown');
  const focused = page.locator('a.row:focus');
  expect(await focused.getAttribute('href')).toBe(await page.locator('a.row').nth(1).getAttribute('href'));
  expect(await inPage('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/jobs\/.+/);

  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('g');
  await page.keyboard.press('h');
  await page.waitForURL(`${origin}/health`);
});

it('has names and headings for who listens to it', async () => {
  for (const path of ['/jobs', '/deliveries', '/health', '/local']) {
    await page.goto(origin + path);
    const found = await page.evaluate(`({
      landmarks: ['header', 'nav[aria-label]', 'main', 'footer'].filter((one) => !document.querySelector(one)),
      headings: document.querySelectorAll('h1').length,
      unnamed: [...document.querySelectorAll('input:not([type=hidden]), select')].filter((one) => one.labels.length === 0).length,
      headless: [...document.querySelectorAll('table')].filter((one) => !one.querySelector('th[scope=col]')).length,
      images: [...document.images].filter((one) => !one.hasAttribute('alt')).length,
      current: document.querySelector('nav [aria-current=page]')?.getAttribute('href'),
    })`);
    expect(found).toEqual({ landmarks: [], headings: 1, unnamed: 0, headless: 0, images: 0, current: path });
  }
});

it('follows a dark desktop, with text that can be read on both', async () => {
  const contrasts = async () =>
    (await page.evaluate(`(() => {
      const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
      const rgb = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
      const light = (color) => rgb(color).slice(0, 3).map((one) => one / 255).map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
        .reduce((sum, one, index) => sum + one * [0.2126, 0.7152, 0.0722][index], 0);
      const ground = (element) => { const color = getComputedStyle(element).backgroundColor; return rgb(color)[3] === 0 && element.parentElement ? ground(element.parentElement) : color; };
      const pairs = [...document.querySelectorAll('main a, main td time, main .why, main .pill, main th, main label, footer span')].slice(0, 400);
      const worst = pairs.map((element) => { const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x); return (a + 0.05) / (b + 0.05); });
      return { worst: Math.min(...worst), body: getComputedStyle(document.body).backgroundColor };
    })()`)) as { worst: number; body: string };
  const day = await contrasts();
  await open({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
  const night = await contrasts();

  expect([day.body, night.body]).toEqual(['rgb(247, 248, 250)', 'rgb(15, 17, 21)']);
  // https://www.w3.org/TR/WCAG22/#contrast-minimum
  expect(Math.min(day.worst, night.worst)).toBeGreaterThanOrEqual(4.5);
});

it('fits a narrow window: nothing is wider than it, and rows are cards', async () => {
  await open({ viewport: { width: 390, height: 844 } });
  const { project, jobType, id } = nameOf(fakeJob(2));
  for (const path of ['/jobs', `/jobs/${project}/${jobType}/${id}`, '/deliveries', '/health', '/local']) {
    await page.goto(origin + path);
    expect([path, await inPage('document.documentElement.scrollWidth')]).toEqual([path, 390]);
  }
  await page.goto(`${origin}/jobs`);
  expect(await inPage(`getComputedStyle(document.querySelector('tbody tr')).display`)).toBe('grid');
});
