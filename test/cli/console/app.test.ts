/** What the console answers, and to whom. */
import { beforeEach, describe, expect, it } from 'vitest';
import { createApp } from '../../../cli/console/http/app.ts';
import type { ConsoleSource } from '../../../cli/console/source.ts';
import { FAKE_NOW, type FakeSource, fakeSource } from '../../fakes/console-source.ts';

const KEY = 'key-of-the-console';
const TOKEN = 'token-of-changes';
const HOST = '127.0.0.1:4280';
const ORIGIN = `http://${HOST}`;

let source: FakeSource;

function open(options: Partial<Pick<ConsoleSource, 'allowsChanges' | 'local'>> = {}) {
  source = fakeSource(120, options);
  const app = createApp({ source, clock: () => FAKE_NOW, access: { key: KEY, token: TOKEN, port: () => 4280 } });
  const request = (path: string, init: RequestInit = {}) =>
    app.request(`${ORIGIN}${path}`, {
      ...init,
      headers: { host: HOST, authorization: `Bearer ${KEY}`, ...init.headers },
    });
  const change = (body: unknown, headers: Record<string, string> = { 'x-console-token': TOKEN }) =>
    request('/changes', { method: 'POST', body: JSON.stringify(body), headers });
  return { app, request, change };
}

const textOf = async (response: Response | Promise<Response>) => (await response).text();

describe('who is let in', () => {
  let request: ReturnType<typeof open>['request'];
  let app: ReturnType<typeof open>['app'];
  beforeEach(() => {
    ({ request, app } = open());
  });

  it.each([
    ['a name that was rebound to this address', 'attacker.example:4280'],
    ['another port', '127.0.0.1:80'],
    ['no port', '127.0.0.1'],
    ['another address', '192.168.1.4:4280'],
    ['nothing', ''],
  ])('refuses %s as its host', async (_, host) => {
    for (const path of ['/jobs', '/assets/console.js', '/objects/x', '/live/jobs']) {
      expect((await request(path, { headers: { host } })).status).toBe(403);
    }
  });

  it('answers to localhost as well', async () => {
    expect((await request('/jobs', { headers: { host: 'localhost:4280' } })).status).toBe(200);
  });

  it.each(['null', 'https://attacker.example', 'http://127.0.0.1:3000', 'http://localhost:4280'])(
    'refuses the origin %s',
    async (origin) => {
      expect((await request('/jobs', { headers: { origin } })).status).toBe(403);
    },
  );

  it('lets nobody in without the key, and to nothing but the assets', async () => {
    for (const path of ['/', '/jobs', '/deliveries', '/health', '/objects/x', '/view/x', '/live/jobs', '/nothing']) {
      for (const authorization of ['', 'Bearer', 'Bearer wrong', `Bearer ${KEY}x`, `Basic ${KEY}`]) {
        expect((await request(path, { headers: { authorization } })).status).toBe(401);
      }
    }
    expect((await app.request(`${ORIGIN}/assets/console.css`, { headers: { host: HOST } })).status).toBe(200);
  });

  it('takes the key out of the URL into a cookie of this site only', async () => {
    const headers = { host: HOST };
    const response = await app.request(`${ORIGIN}/jobs?state=failed&key=${KEY}`, { headers });

    expect([response.status, response.headers.get('location')]).toEqual([303, '/jobs?state=failed']);
    const cookie = response.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    const [pair = ''] = cookie.split(';');
    expect((await app.request(`${ORIGIN}/jobs`, { headers: { ...headers, cookie: pair } })).status).toBe(200);
    expect((await app.request(`${ORIGIN}/jobs?key=wrong`, { headers })).status).toBe(401);
  });

  it('never shows the key', async () => {
    for (const path of ['/jobs', '/deliveries', '/health']) expect(await textOf(request(path))).not.toContain(KEY);
  });
});

describe('changes', () => {
  const redrive = { kind: 'redrive', queue: 'batch' };

  it('need the token, in its header', async () => {
    const { change } = open({ allowsChanges: true });

    for (const token of ['', 'wrong', `${TOKEN}x`]) {
      expect((await change(redrive, { 'x-console-token': token })).status).toBe(403);
    }
    expect((await change({ ...redrive, token: TOKEN }, {})).status).toBe(403);
    expect(source.changes).toEqual([]);
    expect((await change(redrive)).status).toBe(200);
    expect(source.changes).toEqual([redrive]);
  });

  it('are refused where the console is read-only', async () => {
    const { change, request } = open();

    expect((await change(redrive)).status).toBe(403);
    expect(source.changes).toEqual([]);
    expect(await textOf(request('/jobs'))).toContain('read-only');
  });

  it('of a local run are refused in AWS', async () => {
    const { change, request } = open({ allowsChanges: true });

    expect((await change({ kind: 'submit', jobType: 'batch' })).status).toBe(403);
    expect((await request('/local')).status).toBe(404);
    expect(source.changes).toEqual([]);
  });

  it('that are unknown, or have more in them, are refused', async () => {
    const { change } = open({ allowsChanges: true });

    for (const body of [
      {},
      { kind: 'delete' },
      { ...redrive, queue: 'mine' },
      { ...redrive, more: 1 },
      'redrive',
      null,
    ]) {
      expect((await change(body)).status).toBe(400);
    }
    expect(source.changes).toEqual([]);
  });

  it('that fail say why', async () => {
    const { change } = open({ allowsChanges: true });
    const response = await change({ kind: 'repair', project: 'default' });

    expect([response.status, await response.json()]).toEqual([409, { message: 'The webhook could not be set right.' }]);
  });

  it('cannot be made by a GET', async () => {
    expect((await open({ allowsChanges: true }).request('/changes')).status).toBe(404);
  });
});

describe('what a browser may do with an answer', () => {
  it('is nothing that a page does not need', async () => {
    const { request } = open();

    for (const path of ['/jobs', '/deliveries', '/health', '/nothing']) {
      const { headers } = await request(path);
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; " +
          "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      );
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  it('has no inline script, style or handler in it', async () => {
    const { request } = open({ allowsChanges: true });
    const row = source.rows[2];
    const pages = ['/jobs', '/deliveries', '/health', `/jobs/default/video/${row?.jobId.split('/').at(-1)}`];

    for (const path of pages) {
      const page = await textOf(request(path));
      expect(page).toContain('<main');
      expect(page).not.toMatch(/<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|javascript:/i);
    }
  });

  it('shows names and metadata as text', async () => {
    const { request } = open();
    const [first, ...others] = source.rows;
    if (first === undefined) throw new Error('the fake has no rows');
    const markup = '"><script>alert(1)</script>';
    source.rows = [{ ...first, displayName: markup, userMetadata: { [markup]: markup } }, ...others];

    const page = await textOf(request('/jobs'));
    expect(page).not.toContain('<script>alert');
    expect(page).toContain('&lt;script&gt;alert(1)');
    expect(await textOf(request('/jobs?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E'))).not.toContain('<script>alert');
  });
});

describe('objects', () => {
  const put = (key: string, contentType: string, content: string | Uint8Array = 'abcdefghij') =>
    source.objects.set(key, { contentType, content: Buffer.from(content) });

  it.each([
    ['text/html', 'text/plain; charset=utf-8', null],
    ['image/svg+xml', 'text/plain; charset=utf-8', null],
    ['application/xhtml+xml', 'text/plain; charset=utf-8', null],
    ['text/javascript', 'text/plain; charset=utf-8', null],
    ['application/pdf', 'application/octet-stream', 'attachment; filename="a_b.x"'],
    ['application/x-shockwave-flash', 'application/octet-stream', 'attachment; filename="a_b.x"'],
    ['image/png', 'image/png', null],
    ['video/mp4', 'video/mp4', null],
    ['audio/mp3; q=1', 'audio/mpeg', null],
  ])('of the type %s are sent as %s', async (stored, sent, disposition) => {
    const { request } = open();
    put('o/a b.x', stored, '<script>alert(1)</script>');
    const { headers } = await request('/objects/o/a%20b.x');

    expect(headers.get('content-type')).toBe(sent);
    expect(headers.get('content-disposition')).toBe(disposition);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox; frame-ancestors 'none'");
  });

  it('are attachments when they are downloaded, whatever they are called', async () => {
    const { request } = open();
    put('o/"x\r\ny".png', 'image/png');
    const { headers } = await request(`/objects/o/${encodeURIComponent('"x\r\ny".png')}?download`);

    expect(headers.get('content-disposition')).toBe('attachment; filename="_x__y_.png"');
  });

  it('come in parts, so that video and audio can be wound', async () => {
    const { request } = open();
    put('v.mp4', 'video/mp4');
    const part = await request('/objects/v.mp4', { headers: { range: 'bytes=2-4' } });

    expect([part.status, await part.text()]).toEqual([206, 'cde']);
    expect([part.headers.get('content-range'), part.headers.get('content-length')]).toEqual(['bytes 2-4/10', '3']);
    const beyond = await request('/objects/v.mp4', { headers: { range: 'bytes=10-' } });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */10']);
    const whole = await request('/objects/v.mp4');
    expect([whole.status, await whole.text(), whole.headers.get('accept-ranges')]).toEqual([
      200,
      'abcdefghij',
      'bytes',
    ]);
  });

  it('of raw samples are played as WAV, in parts, too', async () => {
    const { request } = open();
    put('a.pcm', 'audio/L16;codec=pcm;rate=24000', '12345678');
    const whole = Buffer.from(await (await request('/objects/a.pcm?play')).arrayBuffer());
    const part = await request('/objects/a.pcm?play', { headers: { range: 'bytes=40-47' } });

    // RIFF, 36 + 8 bytes, one channel of 16 bits, 24,000 times a second.
    expect(whole.toString('hex')).toBe(
      '524946462c00000057415645666d7420100000000100010' + '0c05d000080bb00000200100064617461080000003132333435363738',
    );
    expect([part.status, Buffer.from(await part.arrayBuffer()).toString('hex')]).toEqual([206, '0800000031323334']);
    expect((await request('/objects/a.pcm')).headers.get('content-type')).toBe('application/octet-stream');
  });

  it('that are not there are not found, and empty ones are empty', async () => {
    const { request } = open();
    put('empty.md', 'text/markdown', '');

    expect((await request('/objects/none')).status).toBe(404);
    expect((await request('/view/none')).status).toBe(404);
    expect([(await request('/objects/empty.md')).status, await textOf(request('/objects/empty.md'))]).toEqual([
      200,
      '',
    ]);
    expect((await request('/view/empty.md')).status).toBe(200);
  });
});

describe('jobs', () => {
  it('are filtered by what is in the URL, and paged from the newest', async () => {
    const { request } = open();
    const idsOn = async (path: string) =>
      [...(await textOf(request(path))).matchAll(/<a class="row" href="([^"]+)"/g)].map(([, href]) => href);

    const first = await idsOn('/jobs');
    expect(first).toHaveLength(50);
    const next = /href="([^"]+)">Older/.exec(await textOf(request('/jobs')))?.[1]?.replaceAll('&amp;', '&') ?? '';
    const second = await idsOn(next);
    expect(second).toHaveLength(50);
    expect(new Set([...first, ...second]).size).toBe(100);
    expect(await idsOn('/jobs?state=failed')).toHaveLength(11);
    expect((await idsOn('/jobs?type=video')).every((href) => href?.includes('/video/'))).toBe(true);
    expect(await idsOn('/jobs?q=acme-6&type=batch')).not.toEqual([]);
    expect(await idsOn('/jobs?q=nothing%20like%20it')).toEqual([]);
  });

  it('that wait say why, and until when', async () => {
    const page = await textOf(open().request('/jobs?state=waiting'));

    expect(page).toContain('because Gemini has not said that it ended');
    expect(page).toMatch(/because Gemini limits the rate of calls \(ERR_RATE_LIMITED\); next try <time[^>]*>14:05:42</);
  });

  it('that nobody knows are not found', async () => {
    const { request } = open();

    for (const path of ['/jobs/default/batch/none', '/jobs/default/nothing/x', '/jobs/other/batch/x']) {
      const response = await request(path);
      expect([response.status, response.headers.get('content-type')]).toEqual([404, 'text/html; charset=UTF-8']);
    }
  });

  it('are sent again when they change', async () => {
    const { request } = open();
    const body = (await request('/live/jobs?state=failed')).body;
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    let heard = '';
    const until = async (text: string) => {
      while (!heard.includes(text)) heard += (await reader?.read())?.value ?? '';
    };

    await until('event: region');
    const [, second] = source.rows;
    if (second === undefined) throw new Error('the fake has no second row');
    source.rows = [{ ...second, state: 'failed', displayName: 'Failed just now' }, ...source.rows.slice(2)];
    await until('Failed just now');
    expect(heard.match(/event: region/g)).toHaveLength(2);
    await reader?.cancel();
  });
});
