import { describe, expect, it } from 'vitest';
import { inspectFiles, storeResource } from '../../../lambda/fetch/store-resource.ts';
import { Storing } from '../../../lambda/fetch/storing.ts';
import type { OutputPlan } from '../../../lambda/gemini/jobs/job-type.ts';
import { TransientError } from '../../../lambda/shared/errors.ts';
import { type Answers, LIVE, portsOf } from '../../fakes/fetch-ports.ts';

const PLAN: OutputPlan = {
  ...{ jobName: 'batches/a', status: 'succeeded', createdAt: undefined, endedAt: undefined, displayName: null },
  ...{ error: null, model: null, usage: null, counts: {}, notes: [], missing: undefined, resourceObject: 'job.json' },
  ...{ omit: () => false, lines: undefined, text: undefined, media: [], files: [] },
};

describe('the resource of a job', () => {
  const media = [{ pointer: '/image', name: 'image.png', contentType: 'image/png' }];
  const plan = {
    ...PLAN,
    lines: ['inline', 'responses'],
    text: { choose: (path: readonly unknown[]) => path[0] === 'text', sectionDepth: 0 },
  };
  async function store(resource: object) {
    const { ports, store: bucket } = portsOf({ 'batches/a': resource });
    const storing = new Storing({ store: bucket, prefix: 'p/', maxBytes: 1000, signal: LIVE });
    const download = await ports.geminiOf('default').get('batches/a', LIVE);
    if (download === undefined) throw new Error('no resource');
    await storeResource(download, { ...plan, media }, storing);
    await storing.settle();
    return { storing, bucket };
  }

  it('becomes objects that say where in it they were', async () => {
    const { storing, bucket } = await store({ image: 'iVBORw0KGgo=', text: '# Report', inline: { responses: [1, 2] } });

    expect(storing.objects.map(({ key, contentType, origin }) => [key, contentType, origin])).toEqual([
      ['p/job.json', 'application/json', 'job#'],
      ['p/responses.jsonl', 'application/jsonl', 'job#/inline/responses'],
      ['p/output.md', 'text/markdown; charset=utf-8', 'job#'],
      ['p/image.png', 'image/png', 'job#/image'],
    ]);
    expect(bucket.text('p/responses.jsonl')).toBe('1\n2\n');
    expect(storing.counts).toEqual({ lines: 2, lineErrors: 0 });
  });

  it('is read again when it has lost what it held when its objects were planned', async () => {
    await expect(store({ text: '# Report', image: 7 })).rejects.toMatchObject({ code: 'ERR_OUTPUT_TRUNCATED' });
  });
});

describe('what Gemini says about a file', () => {
  const file = { fileId: 'a', name: () => 'a', contentType: undefined, isLines: false, isOptional: true };
  const inspect = async (answer: Answers[string] | undefined) => {
    const { ports } = portsOf(answer === undefined ? {} : { 'files/a': answer });
    const [found] = await inspectFiles(ports.geminiOf('default'), { ...PLAN, files: [file] }, LIVE);
    return found;
  };
  const padded = (bytes: number) => JSON.stringify({ state: 'PROCESSING', sizeBytes: '7' }).padEnd(bytes);

  it.each([
    ['that it is being processed', { state: 'PROCESSING' }, 'ERR_OUTPUT_NOT_READY'],
    ['that it could not be made', { state: 'FAILED' }, 'ERR_OUTPUT_INVALID'],
    ['that it is being processed, in 64 KiB', padded(65_536), 'ERR_OUTPUT_NOT_READY'],
  ])('is the problem that it names: %s', async (_what, answer, code) => {
    expect(await inspect(answer)).toMatchObject({ problem: { code } });
  });

  it('is kept, with its size as a number', async () => {
    const resource = { state: 'ACTIVE', mimeType: 'video/mp4', sizeBytes: '1048576' };

    expect(await inspect(resource)).toEqual({
      ...file,
      resource: { ...resource, sizeBytes: 1_048_576 },
      problem: undefined,
    });
  });

  it.each([
    ['is nothing', undefined],
    ['is a refusal, as of ids that are longer than documented', new TransientError('ERR_GEMINI_REFUSED', 'HTTP 400')],
    ['is no JSON', '<html>'],
    ['makes no sense', { state: 'PROCESSING', sizeBytes: '-1' }],
    ['is longer than anything that it has to say', padded(65_537)],
  ])('leaves the last word to its download when it %s', async (_what, answer) => {
    expect(await inspect(answer)).toEqual({ ...file, resource: undefined, problem: undefined });
  });

  it('is waited for while Gemini is away', async () => {
    const away = new TransientError('ERR_GEMINI_UNAVAILABLE', 'HTTP 503');

    await expect(inspect(away)).rejects.toBe(away);
  });
});
