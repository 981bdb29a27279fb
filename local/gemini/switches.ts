/**
 * The switches with which a run is made unkind: each has a type, a default and one meaning.
 */
import * as z from 'zod';

const count = z.int().min(0).max(1000);
const milliseconds = z.int().min(0).max(86_400_000);

const SwitchesSchema = z.strictObject({
  /** How long a job runs. */
  jobMs: milliseconds.default(1500),
  /** How long a file that is given by URI stays PROCESSING after its job ended. */
  processingMs: milliseconds.default(2000),
  /** How long after its end a job cannot be seen, and with which status that is said; 403 and 400 do not speak of the job. */
  hideJobs: z
    .strictObject({ ms: milliseconds, status: z.literal([404, 403, 400]).default(404) })
    .default({ ms: 0, status: 404 }),
  /** How long a file answers 404 after it was made. */
  lateFilesMs: milliseconds.default(0),
  /** Further copies of every delivery, sent at the same moment with the same webhook id. */
  duplicates: z.int().min(0).max(50).default(0),
  /** Delay of every first attempt. */
  lateMs: milliseconds.default(0),
  /** Events are held until this many have gathered and then sent newest first; 0 releases what is held. */
  outOfOrder: count.default(0),
  /** The next n events are never sent. Counts down. */
  missing: count.default(0),
  /** The next n API calls answer 429. Counts down. */
  rateLimit: z
    .strictObject({
      next: count,
      /** `RetryInfo.retryDelay` in the body; null leaves it out. */
      retryDelaySeconds: z.number().min(0).max(86_400).nullable().default(1),
      /** The `Retry-After` header; null leaves it out. */
      retryAfterSeconds: z.int().min(0).max(86_400).nullable().default(null),
    })
    .default({ next: 0, retryDelaySeconds: 1, retryAfterSeconds: null }),
  /** The next n API calls answer 503. Counts down. */
  serverErrors: count.default(0),
  /** The next n API calls that change something take effect, and their answers are lost. Counts down. */
  loseAnswers: count.default(0),
  /** The next n requests for the key set answer 503. Counts down. */
  jwksErrors: count.default(0),
  /** The next n downloads break off in the middle. Counts down. */
  truncateDownloads: count.default(0),
  /** Requests for a part of a file are answered with the whole: Gemini documents no ranges. */
  refuseRanges: z.boolean().default(false),
  /** After so many bytes a download says no more, and does not end either; null sends all of it. */
  stallDownloadsAfter: z.int().min(1).nullable().default(null),
  /** Every file answers 404, as it does 48 hours after it was made. */
  expireFiles: z.boolean().default(false),
  /** Bytes of each result file that is made from here on; null makes it as large as its content. */
  downloadSize: z
    .int()
    .min(1024)
    .max(16 * 1024 ** 3)
    .nullable()
    .default(null),
  /** `data.id` of batch and video events: the resource name, the bare id, or `batch_` and the id. */
  idStyle: z.enum(['name', 'bare', 'underscore']).default('name'),
  /** Where a delivery shows the job's user metadata; Gemini's own place is not documented. */
  userMetadataIn: z.enum(['data', 'envelope', 'nowhere']).default('data'),
  /** Added to `webhook-timestamp`. */
  clockSkewSeconds: z.int().min(-86_400).max(86_400).default(0),
  /** Replaces `data.output_file_uri` of every event that has one; null leaves the true one. */
  outputFileUri: z.string().max(4096).nullable().default(null),
  /** Wait before the first retry of a delivery; it doubles up to 3,600 times this. */
  retryBaseMs: z.int().min(1).max(3_600_000).default(1000),
  /** How long a delivery is retried before Gemini gives up and disables a static webhook. */
  retryForMs: milliseconds.default(86_400_000),
});

export type Switches = z.infer<typeof SwitchesSchema>;
export type SwitchesUpdate = z.input<typeof SwitchesSchema>;

/** Every fault of an update, one per line, naming the switch. */
export class SwitchesError extends Error {}

/** Holds the switches; an update replaces those that it names and leaves the others. */
export class SwitchBoard {
  #current: Switches = SwitchesSchema.parse({});

  constructor(initial: SwitchesUpdate = {}) {
    this.update(initial);
  }

  get current(): Readonly<Switches> {
    return this.#current;
  }

  /** @throws SwitchesError on an unknown name or a value out of range; nothing is changed then */
  update(update: unknown): Readonly<Switches> {
    const named = z.record(z.string(), z.unknown()).safeParse(update);
    if (!named.success) throw new SwitchesError('The body is not a JSON object. Send {"<switch>": <value>, …}.');
    const parsed = SwitchesSchema.safeParse({ ...this.#current, ...named.data });
    if (!parsed.success) throw new SwitchesError(z.prettifyError(parsed.error));
    this.#current = parsed.data;
    return this.#current;
  }

  /** True, and one less, while a counting switch is above zero. */
  take(name: 'jwksErrors' | 'loseAnswers' | 'missing' | 'serverErrors' | 'truncateDownloads'): boolean {
    if (this.#current[name] === 0) return false;
    this.#current = { ...this.#current, [name]: this.#current[name] - 1 };
    return true;
  }

  takeRateLimit(): Switches['rateLimit'] | undefined {
    const { rateLimit } = this.#current;
    if (rateLimit.next === 0) return undefined;
    this.#current = { ...this.#current, rateLimit: { ...rateLimit, next: rateLimit.next - 1 } };
    return rateLimit;
  }
}
