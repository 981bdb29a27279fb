/** For the tests of those who consume the events: an event of each type, and which of them a rule takes. */
import { APPLICATION_SOURCE, EVENT_SOURCE, JOB_SUBMITTED } from '../lambda/contract.ts';
import { compilePattern } from './event-pattern.ts';
import type { DetailOf, WebhookEvent } from './index.ts';
import { sampleDetail } from './sample-detail.ts';

export { EventPatternError } from './event-pattern.ts';

/** Two calls with the same arguments give equal events. */
const NOW = new Date('2026-11-24T05:00:00.000Z');

/**
 * An event as EventBridge delivers it, of a job that does not exist.
 *
 * @param type a detail-type: `output.stored`, `output.failed`, `job.submitted`, or an event type of Gemini's
 * @param overrides fields of the detail that are to be different
 *
 * @example
 * ```ts
 * import { sampleEvent } from 'gemini-webhooks-client/testing';
 *
 * const event = sampleEvent('output.stored', { userMetadata: { team: 'search' } });
 * console.log(event.detail.manifestKey);
 * ```
 */
export function sampleEvent<const Type extends string>(
  type: Type,
  overrides: Partial<DetailOf<Type>> = {},
): WebhookEvent<Type> {
  const sample = sampleDetail(type, { project: 'default', bucket: 'gemini-outputs', now: NOW });
  return {
    version: '0',
    id: '6a7e8feb-b491-4cf7-a9f1-bf3703467718',
    'detail-type': type,
    source: type === JOB_SUBMITTED ? APPLICATION_SOURCE : EVENT_SOURCE,
    account: '111122223333',
    time: NOW.toISOString(),
    region: 'us-east-1',
    resources: [],
    detail: { ...sample, ...overrides } as DetailOf<Type>,
  };
}

/**
 * Whether a rule with this event pattern takes the event, as EventBridge decides it.
 *
 * @param pattern as JSON has it: `detail-type`, not `detailType`
 * @throws EventPatternError when EventBridge would refuse the pattern
 *
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { matchesRule, sampleEvent } from 'gemini-webhooks-client/testing';
 *
 * const pattern = { source: ['gemini.webhooks'], detail: { userMetadata: { team: ['search'] } } };
 *
 * assert.equal(matchesRule(pattern, sampleEvent('output.stored', { userMetadata: { team: 'search' } })), true);
 * assert.equal(matchesRule(pattern, sampleEvent('output.stored')), false);
 * ```
 */
export function matchesRule(pattern: object, event: object): boolean {
  return compilePattern(pattern)(event);
}
