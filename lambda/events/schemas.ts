/** The published schemas, generated from the definitions that validate at run time. */
import * as z from 'zod/mini';
import { APPLICATION_SOURCE, DETAIL_TYPE, EVENT_SOURCE, JOB_SUBMITTED } from '../contract.ts';
import { JobEventDetail, JobSubmittedDetail, OutputFailedDetail, OutputStoredDetail } from './job-event.ts';
import { Manifest } from './manifest.ts';

/** A JSON Schema of draft 4, which EventBridge's schema registry knows. */
export type JsonSchema = Readonly<Record<string, unknown>>;

interface Described {
  readonly detail: z.ZodMiniType;
  readonly detailType: JsonSchema;
  /** Of this pipeline by default. */
  readonly source?: string;
  /** `input` for what others write, who may leave out what has a default. @default 'output' */
  readonly io?: 'input' | 'output';
}

const DETAILS: Readonly<Record<string, Described>> = {
  JobEvent: { detail: JobEventDetail, detailType: { type: 'string', not: { pattern: '^output\\.' } } },
  OutputStored: { detail: OutputStoredDetail, detailType: { type: 'string', enum: [DETAIL_TYPE.outputStored] } },
  OutputFailed: { detail: OutputFailedDetail, detailType: { type: 'string', enum: [DETAIL_TYPE.outputFailed] } },
  JobSubmitted: {
    detail: JobSubmittedDetail,
    detailType: { type: 'string', enum: [JOB_SUBMITTED] },
    source: APPLICATION_SOURCE,
    io: 'input',
  },
};

/** By name: one for each kind of event, as EventBridge delivers it, and one for the manifests in the bucket. */
export function eventSchemas(): Readonly<Record<string, JsonSchema>> {
  const events = Object.entries(DETAILS).map(([name, described]) => [name, envelope(name, described)]);
  return { ...Object.fromEntries(events), Manifest: { title: 'Manifest', ...toSchema(Manifest) } };
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html */
function envelope(title: string, { detail, detailType, source = EVENT_SOURCE, io }: Described): JsonSchema {
  const text = { type: 'string' };
  return {
    $schema: 'http://json-schema.org/draft-04/schema#',
    title,
    type: 'object',
    properties: {
      version: text,
      id: text,
      'detail-type': detailType,
      source: { type: 'string', enum: [source] },
      account: text,
      time: { type: 'string', format: 'date-time' },
      region: text,
      resources: { type: 'array', items: text },
      detail: toSchema(detail, io),
    },
    required: ['version', 'id', 'detail-type', 'source', 'account', 'time', 'region', 'resources', 'detail'],
  };
}

/** Open to fields that are added later; without what only says the same again. */
function toSchema(definition: z.ZodMiniType, io: 'input' | 'output' = 'output'): JsonSchema {
  const schema = z.toJSONSchema(definition, {
    target: 'draft-4',
    io,
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
      delete jsonSchema.default;
    },
  });
  const { $schema: _, ...rest } = schema;
  return rest;
}
