/** Details as they are on the bus, of a job that there is not. */
import {
  DETAIL_TYPE,
  FETCHED_JOB_TYPES,
  JOB_SUBMITTED,
  JOB_TYPE,
  SCHEMA_VERSION,
  SUBSCRIBABLE_EVENTS,
} from '../lambda/contract.ts';
import type {
  JobEventDetail,
  JobSubmittedDetail,
  OutputFailedDetail,
  OutputStoredDetail,
} from '../lambda/event-types.ts';

/** Of each there is a sample; Gemini has more types, whose samples say less. */
export const SAMPLE_TYPES: readonly string[] = [
  ...SUBSCRIBABLE_EVENTS,
  ...['batch.cancelled', 'webhook.ping'],
  ...Object.values(DETAIL_TYPE),
  JOB_SUBMITTED,
];

export interface SampleContext {
  readonly project: string;
  readonly bucket: string;
  readonly now: Date;
}

/** As Gemini's page shows them. */
const DATA: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'batch.succeeded': { output_file_uri: 'files/batch-sample-4f6a1c' },
  'batch.failed': { error_code: 'INTERNAL', error_message: 'The batch could not be processed.' },
  'interaction.failed': { error_code: 'internal', error_message: 'The interaction could not be completed.' },
  'video.generated': { output_file_uri: 'files/video-sample-4f6a1c' },
};

/** Of `output.*`: about a batch that succeeded. */
const CAUSE = 'batch.succeeded';

export function sampleDetail(type: string, context: SampleContext): Readonly<Record<string, unknown>> {
  const { stored, failed } = { stored: DETAIL_TYPE.outputStored, failed: DETAIL_TYPE.outputFailed };
  if (type === stored) return { ...storedDetail(context) };
  if (type === failed) return { ...failedDetail(context) };
  if (type === JOB_SUBMITTED) return { ...submittedDetail(context) };
  return { ...jobDetail(type, context) };
}

const before = (now: Date, seconds: number) => new Date(now.getTime() - 1000 * seconds).toISOString();

function jobDetail(type: string, { project, now }: SampleContext): JobEventDetail {
  const jobType = FETCHED_JOB_TYPES.find((one) => type.startsWith(`${one}.`)) ?? 'other';
  const jobId = jobType === 'other' ? null : JOB_TYPE[jobType].sampleId;
  const isPushed = !type.endsWith('.cancelled');
  return {
    ...{ schemaVersion: SCHEMA_VERSION, project, type, jobType, jobId },
    webhookId: isPushed ? 'msg_sample4f6a1c' : `api#${project}#${type}#sample-4f6a1c`,
    status: type.slice(type.lastIndexOf('.') + 1),
    ...{ occurredAt: before(now, 2), receivedAt: before(now, 1) },
    ...(isPushed ? { origin: 'webhook', scheme: 'v1' } : { origin: 'reconciler', scheme: 'api' }),
    verifiedJob: true,
    userMetadata: {},
    displayName: null,
    data: jobId === null ? {} : { id: jobId, ...DATA[type] },
  };
}

function storedDetail({ project, bucket, now }: SampleContext): OutputStoredDetail {
  const prefix = `batch/project=${project}/date=${before(now, 60).slice(0, 10)}/job=sample-4f6a1c/succeeded/`;
  return {
    ...{ schemaVersion: SCHEMA_VERSION, project, jobType: 'batch', jobId: JOB_TYPE.batch.sampleId },
    ...{
      webhookId: 'msg_sample4f6a1c',
      type: CAUSE,
      userMetadata: {},
      displayName: null,
      notes: [],
      status: 'succeeded',
    },
    ...{ bucket, prefix, manifestKey: `${prefix}manifest.json`, objectCount: 2, bytes: 20_480 },
    ...{ createdAt: before(now, 60), endedAt: before(now, 5) },
    ...{ fetchStartedAt: before(now, 3), storedAt: before(now, 1) },
  };
}

function failedDetail({ project, bucket }: SampleContext): OutputFailedDetail {
  return {
    ...{ schemaVersion: SCHEMA_VERSION, project, jobType: 'batch', jobId: JOB_TYPE.batch.sampleId },
    ...{ webhookId: 'msg_sample4f6a1c', type: CAUSE, userMetadata: {}, displayName: null },
    ...{ code: 'ERR_OUTPUT_GONE', message: 'The file of the outputs is gone', retryable: false, verifiedJob: true },
    ...{ bucket, manifestKey: null },
  };
}

function submittedDetail({ project, now }: SampleContext): JobSubmittedDetail {
  return {
    ...{ schemaVersion: SCHEMA_VERSION, project, jobType: 'interaction', jobId: JOB_TYPE.interaction.sampleId },
    ...{ submittedAt: before(now, 60), userMetadata: {}, displayName: null },
  };
}
