/** A file in parts of 8 bytes, several at a time, whose parts fail, break off and change. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { storeFile } from '../../../lambda/fetch/store-file.ts';
import { Storing } from '../../../lambda/fetch/storing.ts';
import type { FileDownload, Gemini } from '../../../lambda/gemini/ports.ts';
import { PermanentError, TransientError } from '../../../lambda/shared/errors.ts';
import { LIVE, portsOf } from '../../fakes/fetch-ports.ts';

/** 100 bytes, three lines, one of them an error: twelve parts of 8 and a rest. */
const TEXT = `{"key":"1","response":"${'x'.repeat(35)}"}\n{"key":"2","error":{"code":13}}\n{"k":3}`;
const OTHER = TEXT.replace('"1"', '"9"');
const FILE = {
  fileId: 'abc',
  name: () => 'responses.jsonl',
  contentType: 'application/jsonl',
  isLines: true,
  resource: undefined,
  isOptional: false,
  problem: undefined,
};
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const away = (seconds?: number) =>
  new TransientError('ERR_GEMINI_UNAVAILABLE', 'HTTP 503', seconds ? { retryAfterSeconds: seconds } : {});

type Part = string | undefined | Error;

/** @param parts what is answered at the n-th request for the part that begins there, if not the part */
function rangedGemini(texts: readonly string[], parts: Record<number, readonly Part[]> = {}, knowsRanges = true) {
  const log: string[] = [];
  const signals: AbortSignal[] = [];
  let running = 0;
  let most = 0;
  let begun = 0;
  const open = new Set<object>();
  const bodyOf = (text: string, isCounted = false) => {
    const connection = {};
    open.add(connection);
    async function* chunks() {
      try {
        for (let at = 0; at < text.length; at += 3) yield Buffer.from(text.slice(at, at + 3));
      } finally {
        open.delete(connection);
        running -= Number(isCounted);
      }
    }
    return { chunks: chunks(), bytes: text.length };
  };
  const asked = new Map<number, number>();
  const gemini: Gemini = {
    get: async () => undefined,
    download: async (_id, _signal, length): Promise<FileDownload> => {
      const text = texts[begun] ?? texts.at(-1) ?? '';
      begun += 1;
      log.push(`first ${length}`);
      if (length === undefined || !knowsRanges) return { ...bodyOf(text), total: text.length, readRange: undefined };
      const readRange = async (start: number, bytes: number, signal: AbortSignal) => {
        signals.push(signal);
        log.push(`${start}+${bytes}`);
        const number = asked.get(start) ?? 0;
        asked.set(start, number + 1);
        const answers = parts[start] ?? [];
        running += 1;
        most = Math.max(most, running);
        await new Promise(setImmediate);
        const answer = number < answers.length ? answers[number] : text.slice(start, start + bytes);
        if (typeof answer === 'string') return bodyOf(answer, true);
        running -= 1;
        if (answer === undefined) return undefined;
        throw answer;
      };
      return { ...bodyOf(text.slice(0, length)), total: text.length, readRange };
    },
  };
  return { gemini, log, signals, open, most: () => most };
}

function target(maxBytes = 1000) {
  const { store } = portsOf({});
  const storing = new Storing({ store, prefix: 'p/', maxBytes, signal: LIVE });
  const pauses: number[] = [];
  const wait = async (milliseconds: number) => void pauses.push(milliseconds);
  const run = async (gemini: Gemini, number = 1, signal = LIVE) => {
    await storeFile(gemini, FILE, storing, { number, isExpired: false, signal, wait });
    await storing.settle();
  };
  return { store, storing, pauses, run };
}

const stored = (text: string) => [
  { key: 'p/responses.jsonl', bytes: 100, sha256: sha256(text), contentType: 'application/jsonl', origin: 'files/abc' },
];

it('lands a file in parts, eight at a time, hashed and counted in order', async () => {
  const { gemini, log, most } = rangedGemini([TEXT]);
  const { storing, store, run } = target();

  await run(gemini);

  expect(TEXT).toHaveLength(100);
  expect(store.text('p/responses.jsonl')).toBe(TEXT);
  expect(storing.objects).toEqual(stored(TEXT));
  expect(storing.counts).toEqual({ lines: 3, lineErrors: 1 });
  expect(log).toHaveLength(13);
  expect(log.at(-1)).toBe('96+4');
  expect(most()).toBeGreaterThan(4);
  expect(most()).toBeLessThanOrEqual(8);
});

it('asks for a small file once', async () => {
  const { gemini, log } = rangedGemini(['{"k":3}\n']);
  const { storing, run } = target();

  await run(gemini);

  expect(log).toEqual(['first 8']);
  expect(storing.objects).toMatchObject([{ bytes: 8, sha256: sha256('{"k":3}\n') }]);
});

it('streams the answer of a server that knows no ranges', async () => {
  const { gemini, log } = rangedGemini([TEXT], {}, false);
  const { storing, run } = target();

  await run(gemini);

  expect(log).toEqual(['first 8']);
  expect(storing.objects).toEqual(stored(TEXT));
});

it('asks for a part again by itself, with growing pauses, or as long as Gemini asks', async () => {
  const { gemini, log } = rangedGemini([TEXT], { 16: [away(), away(), 'short', 'much too long'], 40: [away(7)] });
  const { storing, pauses, run } = target();

  await run(gemini);

  expect(storing.objects).toEqual(stored(TEXT));
  expect(log.filter((request) => request === '16+8')).toHaveLength(5);
  expect(log).toHaveLength(18);
  expect(pauses.toSorted((one, other) => one - other)).toEqual([500, 1000, 2000, 4000, 7000]);
});

it('asks for the first part again, too', async () => {
  const { gemini, log } = rangedGemini([TEXT]);
  const { storing, run } = target();
  const download: Gemini['download'] = async (...call) => {
    const file = await gemini.download(...call);
    async function* chunks() {
      yield Buffer.from('{"k');
      throw new TransientError('ERR_OUTPUT_TRUNCATED', 'Gemini broke off the connection');
    }
    return file && { ...file, chunks: chunks() };
  };

  await run({ ...gemini, download });

  expect(log).toContain('0+8');
  expect(storing.objects).toEqual(stored(TEXT));
});

it.each<[string, Part[], object]>([
  ['its tries are used up', Array<Part>(5).fill(away()), { code: 'ERR_GEMINI_UNAVAILABLE' }],
  ['Gemini asks for a long pause', [away(11)], { code: 'ERR_GEMINI_UNAVAILABLE', retryAfterSeconds: 11 }],
  ['the time is up', [new TransientError('ERR_FETCH_TIMED_OUT', 'up')], { code: 'ERR_FETCH_TIMED_OUT' }],
  ['the fault is ours', [new RangeError('ours')], { message: 'ours' }],
])('gives up a part when %s, and leaves neither upload nor connection', async (_what, answers, failure) => {
  const { gemini, signals, open } = rangedGemini([TEXT], { 56: answers });
  const { store, run } = target();

  await expect(run(gemini)).rejects.toMatchObject(failure);

  expect(store.unfinished.size).toBe(0);
  expect(store.objects.size).toBe(0);
  expect(open.size).toBe(0);
  expect(signals.map(({ aborted }) => aborted)).not.toContain(false);
});

it('hands the deadline on to its parts', async () => {
  const deadline = new AbortController();
  const { gemini } = rangedGemini([TEXT]);
  const { run } = target();
  const seen: boolean[] = [];
  const readRange: FileDownload['readRange'] = async (_start, _length, signal) => {
    seen.push(signal.aborted);
    deadline.abort();
    seen.push(signal.aborted);
    throw new TransientError('ERR_FETCH_TIMED_OUT', 'up');
  };
  const download: Gemini['download'] = async (...call) => {
    const file = await gemini.download(...call);
    return file && { ...file, readRange };
  };

  await expect(run({ ...gemini, download }, 1, deadline.signal)).rejects.toMatchObject({ code: 'ERR_FETCH_TIMED_OUT' });

  expect(seen.slice(0, 2)).toEqual([false, true]);
});

it('waits for ten seconds, and not longer, before it asks for a part again', async () => {
  const { gemini } = rangedGemini([TEXT], { 40: [away(10)] });
  const { storing, pauses, run } = target();

  await run(gemini);

  expect(pauses).toEqual([10_000]);
  expect(storing.objects).toEqual(stored(TEXT));
});

it.each([
  ['of Gemini', { total: 101 }],
  ['of its resource', { total: undefined }],
])('does not take a file for whole that has fewer bytes than the size %s', async (_whose, change) => {
  const { gemini } = rangedGemini([TEXT], {}, false);
  const { store, storing } = target();
  const download: Gemini['download'] = async (...call) => {
    const file = await gemini.download(...call);
    return file && { ...file, ...change };
  };
  const file = { ...FILE, resource: { sizeBytes: 101 } };
  const attempt = { number: 1, isExpired: false, signal: LIVE, wait: async () => {} };

  await expect(storeFile({ ...gemini, download }, file, storing, attempt)).rejects.toMatchObject({
    ...{ code: 'ERR_OUTPUT_TRUNCATED', message: 'files/abc has 101 bytes, and 100 came' },
  });
  expect(store.objects.size).toBe(0);
});

it('streams a file whose size nobody knows, though Gemini knows ranges', async () => {
  const { gemini, log } = rangedGemini(['{"k":3}\n']);
  const { storing, run } = target();
  const download: Gemini['download'] = async (...call) => {
    const file = await gemini.download(...call);
    return file && { ...file, total: undefined };
  };

  await run({ ...gemini, download });

  expect(log).toEqual(['first 8']);
  expect(storing.objects).toMatchObject([{ bytes: 8, sha256: sha256('{"k":3}\n') }]);
});

it('begins a file again that changes meanwhile, and says so', async () => {
  const { gemini, log } = rangedGemini([TEXT, OTHER], { 24: [undefined] });
  const { storing, store, run } = target();

  await run(gemini);

  expect(store.text('p/responses.jsonl')).toBe(OTHER);
  expect(storing.objects).toEqual(stored(OTHER));
  expect(storing.bytes).toBe(100);
  expect(storing.notes).toEqual(['files/abc: begun again, because Gemini did not serve the rest of the same file']);
  expect(log.filter((request) => request.startsWith('first'))).toEqual(['first 8', 'first 8']);
  expect(store.unfinished.size).toBe(0);
});

it('takes a file in one stream whose parts are never right', async () => {
  const { gemini, log } = rangedGemini([TEXT], { 24: [undefined, undefined] });
  const { storing, run } = target();

  await run(gemini);

  expect(storing.objects).toEqual(stored(TEXT));
  expect(log.filter((request) => request.startsWith('first'))).toEqual(['first 8', 'first 8', 'first undefined']);
});

it('refuses a file that is too large before its second part, and gives the connection back', async () => {
  const { gemini, log, open } = rangedGemini([TEXT]);
  const { store, run } = target(99);

  await expect(run(gemini)).rejects.toMatchObject({
    code: 'ERR_OUTPUT_TOO_LARGE',
    message: 'The outputs have at least 100 bytes, and 99 may be stored',
  });

  expect(log).toEqual(['first 8']);
  expect(open.size).toBe(0);
  expect(store.unfinished.size).toBe(0);
});

it('refuses a file that grows too large while it streams', async () => {
  const { gemini } = rangedGemini([TEXT], {}, false);
  const { store, storing, run } = target(50);
  const download: Gemini['download'] = async (...call) => {
    const file = await gemini.download(...call);
    return file && { ...file, bytes: undefined, total: undefined };
  };

  await expect(run({ ...gemini, download })).rejects.toBeInstanceOf(PermanentError);

  expect(store.objects.size).toBe(0);
  expect(storing.objects).toEqual([]);
});

it('adopts what an earlier attempt left, as it is, and downloads nothing', async () => {
  const { gemini, log } = rangedGemini([TEXT]);
  const { store, storing, run } = target();
  store.objects.set('p/responses.jsonl', { body: Buffer.from(OTHER), contentType: 'application/jsonl' });

  await run(gemini, 2);

  expect(log).toEqual([]);
  expect(storing.objects).toEqual(stored(OTHER));
  expect(storing.counts).toEqual({ lines: 3, lineErrors: 1 });
  expect(storing.bytes).toBe(100);
});

it('adopts what another fetch completed meanwhile, and counts its lines instead of the own', async () => {
  const theirs = '{"error":1}\n{"error":1}\n';
  const { gemini, log } = rangedGemini([TEXT]);
  const { store, storing, run } = target();
  store.objects.set('p/responses.jsonl', { body: Buffer.from(theirs), contentType: 'application/jsonl' });

  await run(gemini);

  // The first attempt looks for nothing: it has left nothing yet.
  expect(log).toHaveLength(13);
  expect(store.text('p/responses.jsonl')).toBe(theirs);
  expect(storing.objects).toMatchObject([{ bytes: 24, sha256: sha256(theirs) }]);
  expect(storing.counts).toEqual({ lines: 2, lineErrors: 2 });
});

it('comes back when the store refuses an object as if there were one, and has none', async () => {
  const { gemini } = rangedGemini(['{}']);
  const { store, run } = target();
  store.objects.set('p/responses.jsonl', { body: Buffer.from(''), contentType: '' });
  store.read = async () => undefined;

  await expect(run(gemini)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
});
