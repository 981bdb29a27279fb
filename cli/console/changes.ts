/** What the console can have done, as a page asks for it. */
import * as z from 'zod';
import { FETCHED_JOB_TYPES } from '../../lambda/contract.ts';

const job = { project: z.string().min(1), jobType: z.enum(FETCHED_JOB_TYPES), jobId: z.string().min(1).max(512) };

/** Whoever may change the deployment may do these. */
const EverywhereChange = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('redrive'), queue: z.enum([...FETCHED_JOB_TYPES, 'ledger', 'undelivered', 'all']) }),
  z.strictObject({ kind: z.literal('refetch'), ...job }),
  z.strictObject({ kind: z.literal('repair'), project: z.string().optional() }),
  z.strictObject({ kind: z.literal('ping'), project: z.string() }),
  z.strictObject({ kind: z.literal('reverify') }),
]);
export type EverywhereChange = z.infer<typeof EverywhereChange>;

const SENDABLE = ['valid', 'duplicate', 'wrong-signature', 'dynamic', 'foreign'] as const;

/** In the local run only. */
const LocalChange = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('submit'),
    jobType: z.enum(FETCHED_JOB_TYPES),
    scenario: z.string().optional(),
    prompt: z.string().max(10_000).optional(),
    input: z.enum(['inline', 'file', 'embeddings']).optional(),
    count: z.coerce.number().int().min(1).max(10_000).optional(),
    webhook: z.enum(['static', 'dynamic']).optional(),
  }),
  z.strictObject({ kind: z.literal('switches'), switches: z.record(z.string(), z.unknown()) }),
  z.strictObject({
    kind: z.literal('send'),
    which: z.enum(SENDABLE),
    eventType: z.string().max(200).optional(),
    jobId: z.string().max(512).optional(),
  }),
  z.strictObject({ kind: z.literal('redeliver'), webhookId: z.string().min(1).max(512) }),
  z.strictObject({ kind: z.literal('dead-letter'), ...job }),
]);
export type LocalChange = z.infer<typeof LocalChange>;

const Change = z.union([EverywhereChange, LocalChange]);
export type Change = z.infer<typeof Change>;

export function isLocal(change: Change): change is LocalChange {
  return LocalChange.safeParse(change).success;
}

/** Undefined when it is none. */
export function parseChange(body: unknown): Change | undefined {
  return Change.safeParse(body).data;
}
