import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { JsonLinesCounter } from '../../../lambda/fetch/lines-counter.ts';

function countOf(text: string, size: number) {
  const counter = new JsonLinesCounter();
  const bytes = Buffer.from(text);
  for (let offset = 0; offset < bytes.length; offset += size) counter.write(bytes.subarray(offset, offset + size));
  return counter.counts;
}

it.each([
  ['', 0, 0],
  ['\n\n \r\n', 0, 0],
  ['{}', 1, 0],
  ['{"error":{}}\n{"key":"error"}\r\n', 2, 1],
  ['{"response":{"error":1}}\n', 1, 0],
  ['{"a":["error"],"b":"error","errors":1,"erro":2}\n', 1, 0],
  ['{"a":"\\\\","error":{"error":1}}\n', 1, 1],
  ['{"a":"\\"","error":1}\n{"a":1', 2, 1],
  ['["error"]\n', 1, 0],
  ['["x","error"]\n', 1, 0],
  ['{"error": null}\n{"error" : 0}\n{"error":"null"}\n{"error":false}\n', 4, 3],
  ['{"error":', 1, 0],
  ['{"error":1}', 1, 1],
  ['{"xrror":{"error":1}}\n', 1, 0],
  ['{"a":"rror","b":{"error":1}}\n', 1, 0],
  ['{"a":{"b":1,"error":2}}\n', 1, 0],
  ['{"key":"a","response":"cut of\n{"key":"b","error":{"code":13}}\n{"key":"c","response":1}\n', 3, 1],
  ['{"key":"a\\\n{"error":1}\n', 2, 1],
  ['{"key":[{"a":\n{"error":1}\n', 2, 1],
  ['{"error"\n:1}\n', 2, 0],
  ['{"erro\nr":1}\n', 2, 0],
])('counts %j, wherever its chunks end', (text, lines, lineErrors) => {
  for (let size = 1; size <= Buffer.byteLength(text) + 1; size += 1) {
    expect([size, countOf(text, size)]).toEqual([size, { lines, lineErrors }]);
  }
});

it('agrees with JSON.parse on any objects', async () => {
  const object = fc.dictionary(fc.oneof(fc.constant('error'), fc.string({ unit: 'grapheme' })), fc.jsonValue());
  await fc.assert(
    fc.asyncProperty(fc.array(object), fc.integer({ min: 1, max: 40 }), async (objects, size) => {
      const text = objects.map((value) => `${JSON.stringify(value)}\n`).join('');
      const errors = text.split('\n').filter((line) => line !== '' && (JSON.parse(line).error ?? null) !== null);
      return (
        JSON.stringify(countOf(text, size)) === JSON.stringify({ lines: objects.length, lineErrors: errors.length })
      );
    }),
  );
});
