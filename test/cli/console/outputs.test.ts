/** Outputs as documents: what somebody else wrote, shown so that it does nothing. */
import { describe, expect, it } from 'vitest';
import { kindOf, rangeOf } from '../../../cli/console/outputs/content.ts';
import { readLineTable } from '../../../cli/console/outputs/json-lines.ts';
import { FRAME_POLICY, viewOf } from '../../../cli/console/outputs/view.ts';

const stored = (contentType: string, text: string) => {
  const bytes = Buffer.from(text);
  return {
    ...{ bytes: bytes.length, contentType },
    open: async (start: number, end: number) => ReadableStream.from([bytes.subarray(start, end + 1)]),
  };
};
const shown = async (key: string, contentType: string, text: string) =>
  String(await viewOf(key, stored(contentType, text)));

describe('a document of an output', () => {
  it('runs nothing and loads nothing', () => {
    expect(FRAME_POLICY).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox$/,
    );
  });

  it('is rendered Markdown, with markup in it as text', async () => {
    const page = await shown(
      'a.md',
      'text/markdown',
      '# Title\n\n<script>alert(1)</script> **bold** <img src=x onerror=alert(1)>',
    );

    expect(page).toContain('<h1>Title</h1>');
    expect(page).toContain('<strong>bold</strong>');
    expect(page).toContain('&lt;script&gt;');
    expect(page).not.toMatch(/<script|<img/);
  });

  it('has no link that runs something, and no picture from elsewhere', async () => {
    const page = await shown(
      'a.md',
      'text/markdown',
      '[a](javascript:alert(1)) [b](data:text/html,x) [c](vbscript:x) [d](https://example.com) ![pixel](https://example.com/p.png)',
    );

    expect([...page.matchAll(/href="([^"]*)"/g)].map(([, href]) => href)).toEqual(['https://example.com']);
    expect(page).not.toContain('<img');
    expect(page).toContain('[pixel]');
  });

  it('of HTML is its source', async () => {
    const page = await shown('a.html', 'text/html', '<b onclick="x()">hello</b>');

    expect(page).toContain('&lt;b onclick=&quot;x()&quot;&gt;hello&lt;/b&gt;');
  });

  it('says when it is a part only', async () => {
    expect(await shown('a.txt', 'text/plain', 'x'.repeat(1024 * 1024))).not.toContain('first megabyte');
    expect(await shown('a.txt', 'text/plain', 'x'.repeat(1024 * 1024 + 1))).toContain('first megabyte');
  });
});

describe('JSON Lines', () => {
  const answer = (key: string, text: string) =>
    JSON.stringify({
      key,
      response: { candidates: [{ content: { parts: [{ text }] } }], usageMetadata: { totalTokenCount: 7 } },
    });
  const table = (text: string) => readLineTable(ReadableStream.from([Buffer.from(text)]));

  it('have errors first, then the order of the file', async () => {
    const { rows, lines, errors } = await table(
      [
        answer('a', 'one'),
        JSON.stringify({ metadata: { key: 'b' }, error: { code: 3, message: 'Invalid argument.' } }),
        'no JSON',
        answer('c', '<b>'),
      ].join('\n'),
    );

    expect([lines, errors]).toEqual([4, 2]);
    expect(rows.map(({ line, key, isError, text, tokens }) => [line, key, isError, text, tokens])).toEqual([
      [2, 'b', true, '3: Invalid argument.', undefined],
      [3, '', true, 'This line is not JSON.', undefined],
      [1, 'a', false, 'one', 7],
      [4, 'c', false, '<b>', 7],
    ]);
  });

  it('find an error far behind what is shown', async () => {
    const many = Array.from({ length: 1000 }, (_, index) => answer(String(index), 'fine'));
    const { rows, lines, errors } = await table([...many, '{"error":{"message":"late"}}', ''].join('\n'));

    expect([lines, errors, rows.length]).toEqual([1001, 1, 200]);
    expect(rows[0]).toMatchObject({ line: 1001, text: 'late' });
  });

  it('may come in any pieces, within a character, too', async () => {
    const bytes = Buffer.from(`${answer('ä', 'größer 🙂')}\n${answer('b', 'x')}`);
    const { rows } = await readLineTable(ReadableStream.from([...bytes].map((byte) => Uint8Array.of(byte))));

    expect(rows.map(({ key, text }) => [key, text])).toEqual([
      ['ä', 'größer 🙂'],
      ['b', 'x'],
    ]);
  });

  it('show embeddings by their length, and are escaped', async () => {
    const page = await shown(
      'r.jsonl',
      'application/jsonl',
      '{"response":{"embedding":{"values":[1,2,3]}}}\n{"key":"<i>","error":{"message":"<u>"}}',
    );

    expect(page).toContain('an embedding of 3 values');
    expect(page).toContain('&lt;u&gt;');
    expect(page).not.toMatch(/<u>|<i>/);
    expect(page.indexOf('&lt;u&gt;')).toBeLessThan(page.indexOf('an embedding'));
  });
});

describe('a range', () => {
  it.each([
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=0-', { start: 0, end: 99 }],
    ['bytes=90-200', { start: 90, end: 99 }],
    ['bytes=-10', { start: 90, end: 99 }],
    ['bytes=-200', { start: 0, end: 99 }],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=5-4', undefined],
    ['bytes=0-1,5-6', undefined],
    ['bytes=-', undefined],
    ['items=0-1', undefined],
    [undefined, undefined],
  ])('%s of 100 bytes is %j', (header, expected) => {
    expect(rangeOf(header, 100)).toEqual(expected);
  });

  it('of nothing cannot be satisfied', () => {
    expect(rangeOf('bytes=0-', 0)).toBe('unsatisfiable');
    expect(rangeOf('bytes=-1', 0)).toBe('unsatisfiable');
  });
});

it.each([
  ['output.md', 'text/markdown', 'markdown'],
  ['responses.jsonl', 'application/jsonl', 'json-lines'],
  ['responses.jsonl', 'application/octet-stream', 'json-lines'],
  ['image-00.png', 'image/png', 'image'],
  ['image-00.svg', 'image/svg+xml', 'text'],
  ['video-00.mp4', 'video/mp4', 'video'],
  ['audio-00.pcm', 'audio/L16;codec=pcm;rate=24000', 'audio'],
  ['batch.json', 'application/json', 'json'],
  ['a.html', 'text/html; charset=utf-8', 'text'],
  ['file.bin', 'application/octet-stream', 'other'],
])('%s of type %s is shown as %s', (key, type, kind) => {
  expect(kindOf(key, type)).toBe(kind);
});
