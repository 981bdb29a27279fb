import { compileFunction } from 'node:vm';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../client/event-pattern.ts';
import { DETAIL_TYPE } from '../../lambda/contract.ts';
import {
  JobEventDetail,
  JobSubmittedDetail,
  OutputFailedDetail,
  OutputStoredDetail,
} from '../../lambda/events/job-event.ts';
import { outputPrefix } from '../../lambda/events/output-keys.ts';
import { toJobEvent } from '../../lambda/gemini/envelope.ts';
import type { PermanentErrorCode, TransientErrorCode } from '../../lambda/shared/errors.ts';
import { blocksOf, firstColumnAfter, readPage, sectionsOf } from './markdown.ts';

interface BusEvent {
  readonly source: string;
  readonly time: string;
  readonly 'detail-type': string;
  readonly detail: Record<string, unknown>;
}

const page = readPage('events.md');
const sections = sectionsOf(page);
const examples: readonly BusEvent[] = sections
  .filter(({ heading }) => heading.startsWith('Example: '))
  .flatMap(({ text }) => blocksOf(text, 'json').map((block) => JSON.parse(block)));

/** What a section after "Rules" says: a pattern, the code for it, and which examples it matches. */
const rules = sections.flatMap(({ heading, text }) => {
  const [pattern] = blocksOf(text, 'json');
  const [code] = blocksOf(text, 'ts');
  if (pattern === undefined || code === undefined) return [];
  const claim = /^Of the examples, this matches (.+)\.$/m.exec(text)?.[1] ?? '';
  return [
    { heading, code, pattern: JSON.parse(pattern), claimed: [...claim.matchAll(/`([^`]+)`/g)].map(([, name]) => name) },
  ];
});

function example(detailType: string): BusEvent {
  const found = examples.find((event) => event['detail-type'] === detailType);
  if (found === undefined) throw new Error(`docs/events.md has no example of ${detailType}`);
  return found;
}

function schemaOf(detailType: string) {
  if (detailType === DETAIL_TYPE.outputStored) return OutputStoredDetail;
  return detailType === DETAIL_TYPE.outputFailed ? OutputFailedDetail : JobEventDetail;
}

describe('the examples of docs/events.md', () => {
  it('are one of Gemini and one of each announcement, and every JSON block is an example or a pattern', () => {
    expect(examples.map((event) => event['detail-type'])).toEqual([
      'batch.succeeded',
      'output.stored',
      'output.failed',
    ]);
    expect(blocksOf(page, 'json')).toHaveLength(examples.length + rules.length);
  });

  it.each(examples.map((event) => [event['detail-type'], event] as const))(
    '%s holds to its schema and has no field that the schema has not',
    (detailType, { source, detail }) => {
      expect(source).toBe('gemini.webhooks');
      expect(schemaOf(detailType).parse(detail)).toEqual(detail);
    },
  );

  it('show the event that the verifier makes of a delivery', () => {
    const { detail, time } = example('batch.succeeded');
    const body =
      '{"type":"batch.succeeded","version":"v1","timestamp":"2026-11-20T09:14:03.118530657Z",' +
      '"data":{"id":"batches/k2q9x7d4","output_file_uri":"files/batch-k2q9x7d4"}}';
    const attemptedAt = new Date('2026-11-20T09:14:03Z');
    const delivery = {
      project: 'default',
      scheme: 'v1',
      webhookId: 'msg_2f6c1d1e',
      attemptedAt,
      bodySha256: '',
    } as const;

    const made = toJobEvent({ ...delivery, payload: Buffer.from(body) }, new Date('2026-11-20T09:14:03.902Z'));

    expect(made).toEqual(detail);
    expect(time).toBe('2026-11-20T09:14:03Z');
  });

  it('show the keys under which the fetchers land', () => {
    const { detail: stored } = example('output.stored');
    const { detail: failed } = example('output.failed');
    const createdAt = new Date('2026-11-20T09:40:00Z');
    const research = {
      project: 'default',
      jobType: 'interaction',
      jobName: String(stored['jobId']),
      createdAt,
    } as const;
    const video = {
      project: 'default',
      jobType: 'video',
      jobName: String(failed['jobId']),
      createdAt: undefined,
    } as const;

    expect(stored['prefix']).toBe(outputPrefix(research, 'completed'));
    expect(stored['manifestKey']).toBe(`${stored['prefix']}manifest.json`);
    expect(failed['manifestKey']).toBe(`${outputPrefix(video, 'fetch-failed')}manifest.json`);
  });
});

describe('the tables of docs/events.md', () => {
  it.each([
    ['JobEventDetail', JobEventDetail],
    ['OutputStoredDetail', OutputStoredDetail],
    ['OutputFailedDetail', OutputFailedDetail],
    ['JobSubmittedDetail', JobSubmittedDetail],
  ])('name every field of %s and no other', (name, { shape }) => {
    expect(firstColumnAfter(page, `<!-- fields: ${name} -->`).sort()).toEqual(Object.keys(shape).sort());
  });

  it('name every code that output.failed may have, and whether a redrive can help', () => {
    // No code is missing here: the types see to it.
    const retryable: Record<PermanentErrorCode | TransientErrorCode | 'ERR_INTERNAL', boolean> = {
      ERR_JOB_NEVER_ENDED: false,
      ERR_JOB_NOT_OURS: false,
      ERR_OUTPUT_GONE: false,
      ERR_OUTPUT_INVALID: false,
      ERR_OUTPUT_TOO_LARGE: false,
      ERR_API_KEY_REFUSED: true,
      ERR_FETCH_TIMED_OUT: true,
      ERR_GEMINI_REFUSED: true,
      ERR_GEMINI_UNAVAILABLE: true,
      ERR_JOB_NOT_FOUND: true,
      ERR_PROJECT_UNKNOWN: true,
      ERR_INTERNAL: true,
      ERR_KEYS_UNAVAILABLE: true,
      ERR_OUTPUT_NOT_READY: true,
      ERR_OUTPUT_TRUNCATED: true,
      ERR_PUBLISH_FAILED: true,
      ERR_RATE_LIMITED: true,
      ERR_REDIRECT_REFUSED: true,
      ERR_STORE_UNAVAILABLE: true,
    };
    const rows = [...page.matchAll(/^\| `(ERR_\w+)` +\| (true|false) +\|/gm)];
    expect(Object.fromEntries(rows.map(([, code, value]) => [code, value === 'true']))).toEqual(retryable);
  });
});

describe('the rules of docs/events.md', () => {
  it('are four', () => {
    expect(rules.map(({ heading }) => heading)).toEqual([
      "A job's outputs are stored",
      'Any job of type video failed',
      'Deep Research finished',
      'Whatever Gemini reported',
    ]);
  });

  it.each(rules)('$heading: the pattern matches the examples that it claims, and no other', ({ pattern, claimed }) => {
    const matches = compilePattern(pattern);
    const matched = examples.filter((event) => matches(event)).map((event) => event['detail-type']);
    expect(matched).toEqual(claimed);
    expect(claimed).not.toEqual([]);
  });

  it.each(rules)('$heading: the code synthesizes to the pattern', async ({ pattern, code }) => {
    expect(await patternOf(code)).toEqual(pattern);
  });

  const stored = example('output.stored');
  it.each([
    ['A job', { status: 'failed' }, false],
    ['A job', { jobType: 'batch', status: 'succeeded' }, true],
    ['Any job of type video', { jobType: 'video', status: 'failed' }, true],
    ['Any job of type video', { jobType: 'video', status: 'filtered' }, true],
    ['Any job of type video', { jobType: 'video', status: 'succeeded' }, false],
    ['Any job of type video', { jobType: 'batch', status: 'failed' }, false],
    ['Deep Research', { userMetadata: {} }, false],
    ['Deep Research', { status: 'failed' }, false],
  ])('%s …: output.stored with %j: %s', (start, change, matches) => {
    const rule = rules.find(({ heading }) => heading.startsWith(start));
    expect(compilePattern(rule?.pattern)({ ...stored, detail: { ...stored.detail, ...change } })).toBe(matches);
  });
});

/** Runs the code as it stands on the page in a stack, and gives the pattern of its one rule. */
async function patternOf(code: string): Promise<unknown> {
  const imported: Record<string, unknown> = {};
  for (const [, names = '', module = ''] of code.matchAll(/^import \{ (.+) \} from '(.+)';$/gm)) {
    const exported: Record<string, unknown> = await import(module);
    for (const name of names.split(', ')) imported[name] = exported[name];
  }
  const stack = new Stack(new App(), 'Consumer');
  const given: Record<string, unknown> = { ...imported, busName: 'bus', queue: new Queue(stack, 'Queue') };
  const body = code.replaceAll(/^import .*$/gm, '');

  compileFunction(body, Object.keys(given)).apply(stack, Object.values(given));

  const [rule] = Object.values(Template.fromStack(stack).findResources('AWS::Events::Rule'));
  expect(rule?.['Properties'].EventBusName).toBe('bus');
  return rule?.['Properties'].EventPattern;
}
