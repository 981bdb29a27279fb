/** Why a job failed, in Gemini's words. */
import * as z from 'zod/mini';
import type { Failure } from '../../events/manifest.ts';

const text = z.catch(z.optional(z.string()), undefined);
const Status = z.looseObject({
  code: z.catch(z.optional(z.union([z.string(), z.number()])), undefined),
  message: text,
});

/** Of a google.rpc.Status, or an entry of `errors`. Null where there is none: a member that is null is absent. */
export function failureOf(error: unknown): Failure | null {
  if (error === undefined || error === null) return null;
  const { code = 'unknown', message = '' } = Status.safeParse(error).data ?? {};
  return { code: String(code), message };
}

/** A member of another kind than `schema`, null before all, is absent. */
export function lenient<Schema extends z.ZodMiniType>(schema: Schema) {
  return z.catch(z.optional(schema), undefined);
}
