/** How far a landing is that did not end in one invocation. */
import * as z from 'zod/mini';
import { ManifestObject } from './manifest.ts';

const Upload = z.object({
  uploadId: z.string(),
  /** Separated by spaces: 10,000 of them must fit into an item of DynamoDB. */
  etags: z.string(),
  bytes: z.int(),
  sha256: z.string(),
  observer: z.optional(z.string()),
});

export const LandingProgress = z.object({
  /** Of the first invocation. */
  startedAt: z.iso.datetime(),
  /** So many have worked at it, this one included. */
  invocations: z.int(),
  /** Those that are complete. */
  objects: z.array(ManifestObject),
  counts: z.record(z.string(), z.int()),
  notes: z.array(z.string()),
  /** The file that is under way. */
  file: z.optional(
    z.object({
      fileId: z.string(),
      key: z.string(),
      contentType: z.string(),
      upload: Upload,
      total: z.optional(z.int()),
      etag: z.optional(z.string()),
    }),
  ),
});
export type LandingProgress = z.infer<typeof LandingProgress>;
