import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { JsonCopy, JsonLines, JsonMedia, JsonText } from '../../../lambda/app/json-extract.ts';
import { JsonOutline } from '../../../lambda/app/json-outline.ts';
import { walkJson } from '../../../lambda/app/json-walk.ts';

async function* chunksOf(text: string, size: number) {
  const bytes = Buffer.from(text);
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
}

function sink() {
  const chunks: Buffer[] = [];
  return {
    write: async (chunk: Uint8Array) => {
      chunks.push(Buffer.from(chunk));
    },
    finish: async () => {},
    abort: async () => {},
    bytes: () => Buffer.concat(chunks),
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
}

/** JSON.parse gives -0 for "-0", and our copy writes what was written. */
const document = fc.jsonValue({ maxDepth: 5 }).map((value) => JSON.stringify(value));

it('copies any document, whatever the borders of its chunks', async () => {
  await fc.assert(
    fc.asyncProperty(document, fc.integer({ min: 1, max: 50 }), async (text, size) => {
      const target = sink();
      const copy = new JsonCopy(target, () => false);
      await walkJson(chunksOf(text, size), copy);
      await copy.finish();
      expect(target.text()).toBe(`${text}\n`);
    }),
  );
});

it('outlines any document of short strings as JSON.parse reads it', async () => {
  await fc.assert(
    fc.asyncProperty(document, fc.integer({ min: 1, max: 50 }), async (text, size) => {
      const outline = new JsonOutline(() => false);
      await walkJson(chunksOf(text, size), outline);
      expect(JSON.stringify(outline.value)).toBe(text);
    }),
  );
});

it('leaves members out of a copy, wherever they stand, and empties them in an outline', async () => {
  const omit = (path: readonly unknown[]) => path.at(-1) === 'x';
  const text = '{"x":1,"a":{"x":{"y":[1]},"b":[{"x":"s","c":1},{"c":2,"x":[]}]},"d":0}';
  const target = sink();
  const copy = new JsonCopy(target, omit);
  const outline = new JsonOutline(omit);

  await walkJson(chunksOf(text, 5), copy, outline);
  await copy.finish();

  expect(target.text()).toBe('{"a":{"b":[{"c":1},{"c":2}]},"d":0}\n');
  expect(outline.value).toEqual({
    x: null,
    a: {
      x: {},
      b: [
        { x: '', c: 1 },
        { c: 2, x: [] },
      ],
    },
    d: 0,
  });
});

it('keeps a member called __proto__ a member', async () => {
  const outline = new JsonOutline(() => false);
  await walkJson(chunksOf('{"__proto__":{"polluted":1}}', 100), outline);

  expect(JSON.stringify(outline.value)).toBe('{"__proto__":{"polluted":1}}');
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

it('writes the elements of one array a line each, of any kind', async () => {
  const target = sink();
  const lines = new JsonLines(target, ['a', 'b']);

  await walkJson(chunksOf('{"b":[0],"a":{"b":[{"error":{"b":[1]}},[2,{}],"s",3,null,{}],"c":[4]}}', 4), lines);
  await lines.finish();

  expect(target.text()).toBe('{"error":{"b":[1]}}\n[2,{}]\n"s"\n3\nnull\n{}\n');
  expect(lines.counts).toEqual({ lines: 6, lineErrors: 1 });
});

it('joins texts, and sets those of different sections apart', async () => {
  const target = sink();
  const text = new JsonText(target, (path) => path.at(-1) === 't', 0);

  await walkJson(chunksOf('[{"t":"a👋"},{"t":"b","u":"x"},[{"t":"c"},{"t":"d"}]]', 3), text);
  await text.finish();

  expect(target.text()).toBe('a👋\n\nb\n\ncd');
});

it.each([0, 1, 2, 3, 100_000])('decodes %i bytes of base64, bare and in a data: URL', async (length) => {
  const bytes = Buffer.alloc(length, 'Zürich');
  for (const head of ['', 'data:image/png;base64,', 'DATA:;base64,']) {
    const target = sink();

    await walkJson(
      chunksOf(JSON.stringify({ m: head + bytes.toString('base64'), n: 'AAAA' }), 1000),
      new JsonMedia(
        new Set(['/m']),
        () => target,
        () => expect.unreachable(),
      ),
    );

    expect(target.bytes().equals(bytes)).toBe(true);
  }
});

it.each([
  ['<svg>'],
  ['data:text/plain,hello'],
  ['data:image/png;base64,<svg>'],
  [`${'A'.repeat(100_000)}!`],
  [`!${'A'.repeat(200_000)}`],
  [`AAAAdata:;base64,AAAA`],
])('refuses %.40s, leaves nothing of it, and reads what comes next', async (broken) => {
  const refused: string[] = [];
  const aborted: string[] = [];
  const next = sink();

  await walkJson(
    chunksOf(JSON.stringify({ m: broken, n: 'QUJD' }), 1000),
    new JsonMedia(
      new Set(['/m', '/n']),
      (pointer) => (pointer === '/n' ? next : { ...sink(), abort: async () => void aborted.push(pointer) }),
      (pointer) => refused.push(pointer),
    ),
  );

  expect([refused, aborted, next.text()]).toEqual([['/m'], ['/m'], 'ABC']);
});

it('outlines a document of many strings that are too long to matter', async () => {
  const document = { steps: Array.from({ length: 3000 }, () => 'x'.repeat(5000)), name: 'n'.repeat(4096) };
  const outline = new JsonOutline(() => false);

  await walkJson(chunksOf(JSON.stringify(document), 64 * 1024), outline);

  expect(outline.value).toEqual({ steps: Array(3000).fill(''), name: 'n'.repeat(4096) });
});
