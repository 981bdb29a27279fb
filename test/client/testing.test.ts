import { readFileSync } from 'node:fs';
import Ajv from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { EventPatternError, matchesRule, sampleEvent } from '../../client/testing.ts';

describe('sampleEvent', () => {
  const ajv = new Ajv.default({ strict: false });
  addFormats.default(ajv as never);
  const faultsOf = (schema: string, event: unknown) => {
    const file = new URL(`../../schemas/1/${schema}.json`, import.meta.url);
    const validate = ajv.compile(JSON.parse(readFileSync(file, 'utf8')));
    validate(event);
    return validate.errors;
  };

  it.each([
    ['batch.succeeded', 'JobEvent'],
    ['batch.cancelled', 'JobEvent'],
    ['interaction.completed', 'JobEvent'],
    ['video.generated', 'JobEvent'],
    ['webhook.ping', 'JobEvent'],
    ['output.stored', 'OutputStored'],
    ['output.failed', 'OutputFailed'],
    ['job.submitted', 'JobSubmitted'],
  ])('of %s is as the published schema %s says', (type, schema) => {
    const event = sampleEvent(type);

    expect(event['detail-type']).toBe(type);
    expect(faultsOf(schema, event)).toBe(null);
    expect(faultsOf(schema, { ...event, detail: { ...event.detail, project: 1 } })).not.toBe(null);
  });

  it('has what the test wants different, and is the same each time', () => {
    const event = sampleEvent('output.stored', { status: 'expired', userMetadata: { team: 'search' } });

    expect(event.detail).toMatchObject({
      status: 'expired',
      userMetadata: { team: 'search' },
      manifestKey: 'batch/project=default/date=2026-11-24/job=sample-4f6a1c/succeeded/manifest.json',
    });
    expect(sampleEvent('output.stored')).toEqual(sampleEvent('output.stored'));
  });

  it('of what applications submit has their source', () => {
    expect(sampleEvent('job.submitted').source).toBe('gemini.applications');
    expect(sampleEvent('batch.failed').source).toBe('gemini.webhooks');
  });
});

describe('matchesRule', () => {
  it('says whether a rule takes an event', () => {
    const pattern = { source: ['gemini.webhooks'], 'detail-type': ['output.stored'], detail: { jobType: ['batch'] } };

    expect(matchesRule(pattern, sampleEvent('output.stored'))).toBe(true);
    expect(matchesRule(pattern, sampleEvent('output.stored', { jobType: 'video' }))).toBe(false);
    expect(matchesRule(pattern, sampleEvent('output.failed'))).toBe(false);
  });

  it('refuses what EventBridge would refuse', () => {
    expect(() => matchesRule({ detail: { jobType: 'batch' } }, sampleEvent('output.stored'))).toThrow(
      EventPatternError,
    );
  });
});
