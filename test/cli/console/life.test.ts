/** What is shown of a job's life: its steps, drawn to scale, and why it waits. */
import { describe, expect, it } from 'vitest';
import { deliveryRows } from '../../../cli/console/delivery-rows.ts';
import { readQuery, withFilters } from '../../../cli/console/job-filter.ts';
import { tailOf, ticksOf, timelineSvg } from '../../../cli/console/pages/timeline-svg.ts';
import type { JobDetail } from '../../../cli/console/source.ts';
import { stepsOf } from '../../../cli/console/timeline.ts';
import { waitingOf } from '../../../cli/job-row.ts';
import { FAKE_NOW, fakeJob } from '../../fakes/console-source.ts';

const waiting = (changes: Parameters<typeof fakeJob>[1]) =>
  waitingOf(
    fakeJob(1, {
      state: 'waiting',
      attempts: 0,
      lastCode: null,
      nextAttemptAt: null,
      fetchStartedAt: null,
      ...changes,
    }),
  );

describe('a job that is not done waits', () => {
  it.each([
    [{ publishedAt: null }, 'Gemini has not said that it ended', null],
    [{}, 'its event is in the queue of the fetcher', null],
    [{ attempts: 1 }, 'its outputs are being fetched', null],
    [
      { attempts: 3, lastCode: 'ERR_OUTPUT_NOT_READY', nextAttemptAt: '2026-11-24T14:06:00.000Z' },
      'Gemini does not show the output yet (ERR_OUTPUT_NOT_READY)',
      '2026-11-24T14:06:00.000Z',
    ],
    [{ attempts: 9, lastCode: 'ERR_NEW' }, 'ERR_NEW', null],
    [
      { failureCode: 'ERR_RATE_LIMITED', nextAttemptAt: '2026-11-24T14:06:00.000Z' },
      'the fetch was given up: Gemini limits the rate of calls (ERR_RATE_LIMITED)',
      null,
    ],
  ])('with %j', (changes, because, nextAt) => {
    expect(waiting(changes)).toEqual({ because, nextAt });
  });

  it('and one that is stored does not', () => {
    expect(waitingOf(fakeJob(2))).toBeUndefined();
  });
});

const at = (second: number) => new Date(Date.UTC(2026, 10, 24, 14, 0, second)).toISOString();
const row = fakeJob(2, {
  submittedAt: at(0),
  createdAt: at(1),
  endedAt: at(31),
  deliveredAt: at(32),
  publishedAt: at(32),
  fetchStartedAt: at(33),
  storedAt: at(36),
});
const detail: JobDetail = {
  row,
  manifests: [],
  events: undefined,
  deliveries: [
    {
      ...{ receivedAt: at(32), project: 'default', webhookId: 'msg_1', scheme: 'v1', eventType: 'video.generated' },
      jobId: row.jobId,
      answers: [
        { at: at(31.5), status: 503, outcome: 'ERR_PUBLISH_FAILED' },
        { at: at(32), status: 200, outcome: 'accepted' },
        { at: at(35), status: 200, outcome: 'duplicate' },
      ],
    },
  ],
};
const log = {
  ...{
    time: at(34),
    requestId: null,
    function: 'VideoFetcher',
    level: 'WARN',
    message: 'The message goes back to the queue',
  },
  fields: { code: 'ERR_RATE_LIMITED', receiveCount: 1, delaySeconds: 5 },
};

describe('a timeline', () => {
  it('has every step in its order, with answers and codes', () => {
    const steps = stepsOf(detail, [log, { ...log, message: 'Outputs stored' }], FAKE_NOW);

    expect(steps.map(({ lane, what, tone }) => `${lane}: ${what}, ${tone}`)).toEqual([
      'application: submitted, plain',
      'Gemini: created, plain',
      'Gemini: ended, plain',
      'webhook: received, bad',
      'webhook: received, good',
      'bus: on the bus, good',
      'fetcher: fetch began, plain',
      'fetcher: put back, retry',
      'webhook: duplicate, good',
      'outputs: stored, good',
    ]);
    expect(steps[3]?.detail).toBe('HTTP 503, ERR_PUBLISH_FAILED; v1, msg_1');
    expect(steps[7]?.detail).toBe('Attempt 1: Gemini limits the rate of calls (ERR_RATE_LIMITED); again after 5 s');
  });

  it('is drawn to scale', () => {
    const svg = String(timelineSvg(stepsOf(detail, [], FAKE_NOW), 'Life'));

    // 36 s between x = 82 and x = 642: Gemini's bar begins after 1 s and is 30 s long, the outputs are at the end.
    expect(svg).toMatch(/<rect class="bar plain" x="97\.6" [^>]*width="466\.7"/);
    expect(svg).toMatch(/<circle class="dot good" cx="642\.0"/);
  });

  it('has a second one of what follows a long job', () => {
    const steps = stepsOf(detail, [], FAKE_NOW);

    expect(tailOf(steps)?.map(({ what }) => what)).toEqual([
      'ended',
      'received',
      'received',
      'on the bus',
      'fetch began',
      'duplicate',
      'stored',
    ]);
    expect(tailOf(stepsOf({ ...detail, row: { ...row, endedAt: at(5) } }, [], FAKE_NOW))).toBeUndefined();
  });

  it.each([
    [0, [0]],
    [3, [0, 1, 2, 3]],
    [1000, [0, 200, 400, 600, 800, 1000]],
    [36_000, [0, 10_000, 20_000, 30_000]],
    [5_400_000, [0, 900_000, 1_800_000, 2_700_000, 3_600_000, 4_500_000, 5_400_000]],
  ])('of %i ms has marks at round distances', (span, marks) => {
    expect(ticksOf(span)).toEqual(marks);
  });

  it('of many days has six marks at most', () => {
    expect(ticksOf(365 * 86_400_000).length).toBeLessThanOrEqual(7);
  });

  it('of a job that runs goes on until now', () => {
    const running = { ...detail, deliveries: [], row: fakeJob(0) };
    const created = stepsOf(running, [], FAKE_NOW).find(({ what }) => what === 'created');

    expect([created?.until, created?.tone]).toEqual([FAKE_NOW.toISOString(), 'next']);
  });
});

describe('deliveries', () => {
  const line = (second: number, fields: Record<string, unknown>, message = 'Delivery handled') => ({
    ...{ time: at(second), requestId: null, function: 'DoorVerifier', level: 'INFO', message },
    fields: {
      project: 'default',
      scheme: 'v1',
      type: 'batch.succeeded',
      jobId: 'batches/a',
      webhookId: 'msg_1',
      ...fields,
    },
  });

  it('are put together by their webhook ids, newest first', () => {
    const rows = deliveryRows(
      [
        line(1, { code: 'ERR_PUBLISH_FAILED' }, 'Delivery not handled'),
        line(2, { outcome: 'accepted' }),
        line(3, { outcome: 'duplicate' }),
        line(9, { outcome: 'duplicate', webhookId: 'msg_2', scheme: 'v1a' }),
        line(4, { jobId: 'batches/b' }, 'A job ended without a webhook, and is announced'),
        line(5, {}, 'Something else'),
      ],
      [],
      [],
    );

    expect(rows.map(({ webhookId, scheme }) => [webhookId, scheme])).toEqual([
      ['msg_2', 'v1a'],
      ['api#batches/b', 'api'],
      ['msg_1', 'v1'],
    ]);
    expect(rows[2]?.answers.map(({ status, outcome }) => [status, outcome])).toEqual([
      [503, 'ERR_PUBLISH_FAILED'],
      [200, 'accepted'],
      [200, 'duplicate'],
    ]);
  });

  it('of which the log says nothing are those of the records, and what was sent in vain', () => {
    const record = {
      ...{ project: 'acme', scheme: 'v1', webhookId: 'msg_3', status: 'COMPLETED', eventType: 'batch.failed' },
      ...{ jobId: 'batches/c', receivedAt: at(7) },
    };
    const sent = {
      ...{ id: 'msg_4', type: 'batch.expired', job: 'batches/d', scheme: 'v1' },
      attempts: [
        { at: at(6), status: 0 },
        { at: at(8), status: 401 },
        { at: at(9), status: 200 },
      ],
    };
    const rows = deliveryRows([], [record, { ...record, webhookId: 'msg_5', status: 'INPROGRESS' }], [sent]);

    expect(
      rows.map(({ webhookId, answers }) => [webhookId, answers.map(({ status, outcome }) => [status, outcome])]),
    ).toEqual([
      ['msg_3', [[200, 'accepted']]],
      ['msg_5', [[undefined, 'in-progress']]],
      [
        'msg_4',
        [
          [0, 'no answer'],
          [401, 'refused'],
        ],
      ],
    ]);
  });
});

describe('filters in the URL', () => {
  const query = (text: string) => readQuery(new URLSearchParams(text), FAKE_NOW);

  it('are read, and those that make no sense are left out', () => {
    expect(query('q=+abc+&state=failed&type=video&project=acme&since=2h&cursor=x')).toMatchObject({
      ...{ text: 'abc', state: 'failed', jobType: 'video', project: 'acme', cursor: 'x' },
      since: new Date('2026-11-24T12:05:00.000Z'),
    });
    expect(query('state=lost&type=audio&since=yesterday&q=')).toMatchObject({
      ...{ text: '', state: undefined, jobType: undefined, project: undefined, since: undefined, cursor: undefined },
    });
    expect(query('since=2026-11-20').since).toEqual(new Date('2026-11-20T00:00:00.000Z'));
  });

  it('are kept when one of them changes, and begin at the newest', () => {
    const now = new URLSearchParams('q=a b&state=failed&cursor=x&key=secret&other=1');

    expect(withFilters(now, { state: 'stored' })).toBe('?q=a+b&state=stored');
    expect(withFilters(now, { state: undefined })).toBe('?q=a+b');
    expect(withFilters(now, { cursor: 'y' })).toBe('?q=a+b&state=failed&cursor=y');
    expect(withFilters(new URLSearchParams(), {})).toBe('');
  });
});
