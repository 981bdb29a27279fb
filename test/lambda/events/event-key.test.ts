import { describe, expect, it } from 'vitest';
import { eventKey, jobKey } from '../../../lambda/events/event-key.ts';

describe('jobKey', () => {
  it.each([
    ['batch', 'batches/abc', 'acme#batch#abc'],
    ['batch', 'batches/batch_abc', 'acme#batch#abc'],
    ['batch', 'abc', 'acme#batch#abc'],
    ['video', 'models/veo-3.1/operations/x1', 'acme#video#x1'],
    ['video', 'operations/x1', 'acme#video#x1'],
    ['video', 'video_x1', 'acme#video#x1'],
    ['interaction', 'v1_Ab-c_d', 'acme#interaction#v1_Ab-c_d'],
    ['interaction', 'batch_abc', 'acme#interaction#batch_abc'],
    ['interaction', 'interaction_abc', 'acme#interaction#interaction_abc'],
    ['other', 'other_abc', 'acme#other#other_abc'],
  ] as const)('of the %s %s', (jobType, jobId, expected) => {
    expect(jobKey({ project: 'acme', jobType, jobId })).toBe(expected);
  });
});

describe('eventKey', () => {
  const job = { project: 'acme', scheme: 'v1', webhookId: 'msg_1', type: 'batch.succeeded', jobType: 'batch' } as const;

  it('is that of the job, whichever delivery brings it', () => {
    const keys = [
      eventKey({ ...job, jobId: 'batches/abc' }),
      eventKey({ ...job, jobId: 'batches/batch_abc', webhookId: 'msg_2' }),
      eventKey({ ...job, jobId: 'batches/abc', scheme: 'v1a' }),
      eventKey({ ...job, jobId: 'batches/abc', scheme: 'api', webhookId: 'api#x' }),
    ];

    expect(new Set(keys)).toEqual(new Set(['acme#batch.succeeded#abc']));
  });

  it('is another one for another type, job or project', () => {
    expect(eventKey({ ...job, jobId: 'batches/abc', type: 'batch.cancelled' })).toBe('acme#batch.cancelled#abc');
    expect(eventKey({ ...job, jobId: 'batches/abd' })).toBe('acme#batch.succeeded#abd');
    expect(eventKey({ ...job, jobId: 'batches/abc', project: 'other' })).toBe('other#batch.succeeded#abc');
  });

  it('is that of the delivery when no job is named', () => {
    expect(eventKey({ ...job, jobType: 'other', jobId: null })).toBe('acme#v1#msg_1');
  });

  it('is that of the delivery for what Gemini may come to announce of a job more than once', () => {
    expect(eventKey({ ...job, jobId: 'batches/abc', type: 'batch.progress' })).toBe('acme#v1#msg_1');
    expect(eventKey({ ...job, jobId: 'batches/abc', type: 'batch.succeeded.partly' })).toBe('acme#v1#msg_1');
  });

  it.each(['interaction.requires_action', 'interaction.failed', 'interaction.cancelled', 'video.generated'])(
    'is that of the job for %s',
    (type) => {
      const event = { ...job, jobType: 'interaction', jobId: 'v1_a', type } as const;
      expect(eventKey(event)).toBe(`acme#${type}#v1_a`);
    },
  );

  it.each([
    ['interaction.incomplete', 'acme#interaction.completed#v1_a'],
    ['interaction.budget_exceeded', 'acme#interaction.completed#v1_a'],
    ['interaction.completed', 'acme#interaction.completed#v1_a'],
    ['batch.partially_succeeded', 'acme#batch.succeeded#v1_a'],
  ])('is that of Gemini’s own word for the end when it is announced as %s', (type, expected) => {
    const jobType = type.startsWith('batch') ? 'batch' : 'interaction';
    expect(eventKey({ ...job, type, jobType, jobId: 'v1_a' })).toBe(expected);
    expect(eventKey({ ...job, type, jobType, jobId: 'v1_a', scheme: 'api', webhookId: '' })).toBe(expected);
  });

  it('is that of the job for whatever end the API gives, the same in each run', () => {
    const event = { ...job, scheme: 'api', webhookId: '', jobId: 'batches/abc', type: 'batch.paused' };
    expect(eventKey(event)).toBe('acme#batch.paused#abc');
  });
});
