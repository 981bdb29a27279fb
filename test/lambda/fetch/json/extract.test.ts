import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { JsonCopy, JsonLines, JsonText } from '../../../../lambda/fetch/json/extract.ts';
import { JsonMedia } from '../../../../lambda/fetch/json/media.ts';
import { JsonOutline } from '../../../../lambda/gemini/json/outline.ts';
import { walkJson } from '../../../../lambda/gemini/json/walk.ts';

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
    abort: async () => {
      chunks.length = 0;
    },
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
});

it('joins texts, and sets those of different sections apart', async () => {
  const target = sink();
  const text = new JsonText(target, (path) => path.at(-1) === 't', 0);

  await walkJson(chunksOf('[{"t":"a👋"},{"t":"b","u":"x"},[{"t":"c"},{"t":"d"},{"t":7},{"t":null}]]', 3), text);
  await text.finish();

  expect(target.text()).toBe('a👋\n\nb\n\ncd');
});

it('makes no character of the halves of two texts', async () => {
  const target = sink();
  const text = new JsonText(target, () => true, 0);

  await walkJson(chunksOf(String.raw`["a\ud83d","\udc4bb"]`, 3), text);
  await text.finish();

  expect(target.text()).toBe('a\uFFFD\n\n\uFFFDb');
});

it.each([0, 1, 2, 3, 100_000])('decodes %i bytes of base64', async (length) => {
  const bytes = Buffer.alloc(length, 'Zürich');
  const target = sink();

  await walkJson(
    chunksOf(JSON.stringify({ m: bytes.toString('base64'), n: 'AAAA' }), 1000),
    new JsonMedia(
      new Set(['/m']),
      () => target,
      () => {},
    ),
  );

  expect(target.bytes().equals(bytes)).toBe(true);
});

it('has no more of base64 in memory than a piece', async () => {
  const target = sink();
  const lengths: number[] = [];
  const counted = { ...target, write: async (chunk: Uint8Array) => void lengths.push(chunk.length) };
  const media = new JsonMedia(
    new Set(['/m']),
    () => counted,
    () => {},
  );

  await walkJson(chunksOf(JSON.stringify({ m: 'A'.repeat(4000) }), 100), media);

  // 4000 digits are 3000 bytes: 256 digits are awaited, then all that are there.
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(3000);
  expect(Math.max(...lengths)).toBeLessThan(300);
});

it('opens nothing for what is no string, and decodes what comes after it', async () => {
  const opened: string[] = [];
  const target = sink();
  const open = (pointer: string) => {
    opened.push(pointer);
    return target;
  };

  await walkJson(
    chunksOf('{"m":[7,null,"iQ=="],"n":{}}', 3),
    new JsonMedia(new Set(['/m/0', '/m/2', '/n']), open, () => {}),
  );

  expect(opened).toEqual(['/m/2']);
  expect(target.bytes().toString('hex')).toBe('89');
});

it('finds a string by its JSON Pointer, with whatever its members are called', async () => {
  const target = sink();

  await walkJson(
    chunksOf('{"a":{"b":"AAAA"},"a/b":"iQ==","~":{"/~1":"kA=="}}', 3),
    new JsonMedia(
      new Set(['/a~1b', '/~0/~1~01']),
      () => target,
      () => {},
    ),
  );

  expect(target.bytes().toString('hex')).toBe('8990');
});

it('begins each string of media anew', async () => {
  const sinks = new Map<string, ReturnType<typeof sink>>();
  const refused: string[] = [];
  const open = (pointer: string) => {
    const target = sink();
    sinks.set(pointer, target);
    return target;
  };
  const media = new JsonMedia(new Set(['/0', '/1', '/2']), open, (pointer) => refused.push(pointer));

  await walkJson(chunksOf('["iVBO!","iQ==","data:image/png;base64,iVBO"]', 4), media);

  expect(refused).toEqual(['/0']);
  expect([...sinks].map(([pointer, target]) => [pointer, target.bytes().toString('hex')])).toEqual([
    ['/0', ''],
    ['/1', '89'],
    ['/2', '89504e'],
  ]);
});

it.each([
  ['that ends in half a character', String.raw`["AAAA\ud83d"]`],
  ['in which a data URL begins', `["${'A'.repeat(304)}data:image/png;base64,AAAA"]`],
  ['whose last digit is no byte', `["${'A'.repeat(400)}B"]`],
  ['whose last digit is padded', '["AAAAB==="]'],
  ['whose last digit is padded, though not enough', '["AAAAB="]'],
])('refuses media %s', async (_what, text) => {
  const target = sink();
  const refused: string[] = [];
  const media = new JsonMedia(
    new Set(['/0']),
    () => target,
    (pointer) => refused.push(pointer),
  );

  await walkJson(chunksOf(text, 102), media);

  expect([refused, target.text()]).toEqual([['/0'], '']);
});

/** White space, escapes, and numbers that no double holds. */
const WRITTEN = String.raw`
  { "a" : [ 1.50 , -0, 12345678901234567890.10e+2, 1E5 ], "b\u00e9\n" : "\u00e9\ud83d\udc4b \/ \" \\ é👋",
    "c" : { "d" : [ ], "e" : { } , "f" : true , "g":false,"h":null } , "t" : "x\ty" }
`;
const COPIED = String.raw`{"a":[1.50,-0,12345678901234567890.10e+2,1E5],"bé\n":"\u00e9\ud83d\udc4b \/ \" \\ é👋","c":{"d":[],"e":{},"f":true,"g":false,"h":null},"t":"x\ty"}`;

it('copies, outlines, decodes and lists what was written, numbers and strings as they are, wherever chunks end', async () => {
  for (let size = 1; size < 220; size += 1) {
    const [copied, listed, decoded] = [sink(), sink(), sink()];
    const outline = new JsonOutline(() => false);
    const copy = new JsonCopy(copied, () => false);
    const lines = new JsonLines(listed, ['a']);
    const text = new JsonText(decoded, (path) => path.length === 1, 0);
    await walkJson(chunksOf(WRITTEN, size), outline, copy, lines, text);
    for (const reader of [copy, lines, text]) await reader.finish();

    expect(copied.text()).toBe(`${COPIED}\n`);
    expect(listed.text()).toBe('1.50\n-0\n12345678901234567890.10e+2\n1E5\n');
    expect(outline.value).toEqual(JSON.parse(WRITTEN));
    expect(decoded.text()).toBe('é👋 / " \\ é👋\n\nx\ty');
  }
});

const MALFORMED = [
  ...['', ' ', '{', '[', '"', '{"a"', '{"a":', '{"a":1', '[1', '[1,', '"a', '"\\', '"\\u00e', 'tru', 'nul', '-', '1.'],
  ...['1e', '1e+', '{"a":1,}', '[1,]', '[,1]', '{,}', '{"a"}', '{a:1}', "{'a':1}", '{"a" 1}', '{"a"::1}', '[1 2]'],
  ...['{"a":1 "b":2}', '[}', '{]', '01', '-01', '+1', '.5', '1.e5', '1e5.5', '--1', '0x1', 'NaN', 'Infinity', '1_000'],
  ...['True', 'nulll', 'truefalse', 'undefined', '"\\x"', '"\\u12g4"', '"\\U0041"', '"a\nb"', '"a\tb"', '"\u0000"'],
  ...['"\u001f"', '{"a\nb":1}', '{} {}', '[]]', '1 2', '{}x', '\ufeff{}', '//c\n1', '[1]/**/', '\u00a01', '\v1'],
  ...['trux', 'nalk', '[fxlse]', '[tru]', '[nul,1]', '{"a":1,b":2}', '{"a":1,:2}', '{"a":1,x"b":2}'],
];

it.each(MALFORMED)('refuses %j, as JSON.parse does, wherever chunks end', async (text) => {
  expect(() => JSON.parse(text)).toThrow(SyntaxError);
  for (const size of [1, 2, 3, 100]) {
    for (const treatment of ['enter', 'take', 'skip'] as const) {
      const reader = { begin: () => treatment, text: () => {}, end: () => {} };
      await expect(walkJson(chunksOf(text, size), reader)).rejects.toMatchObject({
        code: 'ERR_OUTPUT_TRUNCATED',
        message: 'Gemini answered with invalid JSON',
      });
    }
  }
});

const isJson = (text: string) => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

it('refuses and takes the same texts as JSON.parse does, one character away from JSON', async () => {
  const character = fc.constantFrom(...'{}[]",:\\/ue0189.+- \ntfn\u0000é');
  await fc.assert(
    fc.asyncProperty(
      document,
      fc.nat(),
      character,
      fc.integer({ min: 1, max: 9 }),
      async (text, where, other, size) => {
        const at = where % (text.length + 1);
        const changed = text.slice(0, at) + other + text.slice(at + (where % 2));
        const isRead = await walkJson(chunksOf(changed, size), new JsonOutline(() => false)).then(
          () => true,
          () => false,
        );
        expect([changed, isRead]).toEqual([changed, isJson(changed)]);
      },
    ),
    { numRuns: 1000 },
  );
});

it.each([
  ['a key', () => `{"${'k'.repeat(40_000)}":1}`, 'names a member by over 16384 bytes'],
  ['nesting', () => '['.repeat(200), 'nested deeper than 128 levels'],
])('refuses %s that no resource needs', async (_what, text, message) => {
  const outline = new JsonOutline(() => false);

  await expect(walkJson(chunksOf(text(), 4096), outline)).rejects.toMatchObject({
    code: 'ERR_OUTPUT_INVALID',
    message: expect.stringContaining(message),
  });
});

it('refuses what is over 8 MiB without its outputs', () => {
  const outline = new JsonOutline(() => true);
  // 1000 bytes of a name and 16 for the value.
  const add = () => outline.begin(['n'.repeat(1000)], 'scalar');
  for (let value = 1; value <= 8256; value += 1) add();

  expect(add).toThrow(expect.objectContaining({ code: 'ERR_OUTPUT_INVALID' }));
});

it('has no more of a long string in memory than a piece', async () => {
  let most = 0;
  let bytes = 0;
  const reader = {
    begin: () => 'take' as const,
    text: (text: Buffer) => {
      most = Math.max(most, text.length);
      bytes += text.length;
    },
    end: () => {},
  };

  await walkJson(chunksOf(`["${'x'.repeat(3_000_000)}"]`, 3_000_004), reader);

  expect(bytes).toBe(3_000_004);
  expect(most).toBe(262_144);
});

it.each([
  ['a data URL', 'data:image/png;base64,iVBORw0KGgo=', '89504e470d0a1a0a', []],
  ['escapes and line breaks', 'iVBO\\/w0K\\nGgo\\u003d', '89504eff0d0a1a0a', []],
  ['the URL alphabet', '-_8=', 'fbff', []],
  ['no base64', 'iVBO!w0K', '', ['/m']],
  ['padding within', 'iQ==iQ==', '', ['/m']],
  ['padding where a piece ends', `${'A'.repeat(254)}==${'A'.repeat(300)}`, '', ['/m']],
])('decodes %s, or refuses it', async (_what, text, hex, refused) => {
  for (const size of [1, 3, 1000]) {
    const target = sink();
    const refusals: string[] = [];
    const refuse = (pointer: string) => refusals.push(pointer);

    await walkJson(chunksOf(`{"m":"${text}"}`, size), new JsonMedia(new Set(['/m']), () => target, refuse));

    expect(target.bytes().toString('hex')).toBe(hex);
    expect(refusals).toEqual(refused);
  }
});
