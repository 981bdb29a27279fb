/** The account of a fetch: the last object that is written, and written once. Its fields are explained in event-types.ts. */
import * as z from 'zod/mini';
import { DEFAULT_PROJECT, FETCHED_JOB_TYPES, SCHEMA_VERSION } from '../contract.ts';
import type * as types from '../event-types.ts';
import { SCHEMES } from './job-event.ts';

const timestamp = z.iso.datetime();

const Failure = z.object({ code: z.string(), message: z.string() });
export type Failure = types.Failure;

export const ManifestObject = z.object({
  key: z.string(),
  bytes: z.int(),
  sha256: z.string(),
  contentType: z.string(),
  origin: z.string(),
});
export type ManifestObject = types.ManifestObject;

export const Manifest = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  outcome: z.enum(['stored', 'failed']),
  project: z._default(z.string(), DEFAULT_PROJECT),
  event: z.object({
    webhookId: z.string(),
    type: z.string(),
    scheme: z.enum(SCHEMES),
    origin: z.string(),
    occurredAt: timestamp,
    receivedAt: timestamp,
  }),
  job: z.object({
    type: z.enum(FETCHED_JOB_TYPES),
    id: z.string(),
    status: z.string(),
    model: z.nullable(z.string()),
    displayName: z._default(z.nullable(z.string()), null),
    createdAt: z.nullable(timestamp),
    endedAt: z.nullable(timestamp),
  }),
  userMetadata: z._default(z.record(z.string(), z.unknown()), {}),
  usage: z.nullable(z.record(z.string(), z.unknown())),
  error: z.nullable(Failure),
  objects: z.array(ManifestObject),
  counts: z.catchall(z.object({ objects: z.int(), bytes: z.int() }), z.int()),
  notes: z.array(z.string()),
  timings: z.object({ startedAt: timestamp, finishedAt: timestamp }),
  fetcher: z.object({ version: z.string() }),
});
export type Manifest = types.Manifest;
