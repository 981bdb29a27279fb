/** What the fetch must know about a job type: where its resource is, and what its resource says is to be stored. */
import type { FetchedJobType } from '../../contract.ts';
import type { Failure } from '../../events/manifest.ts';
import type { JsonPath } from '../json/walk.ts';

/** A string of base64 in the job resource that becomes an object. */
export interface InlineMedia {
  /** JSON Pointer of the string. */
  readonly pointer: string;
  readonly name: string;
  readonly contentType: string;
}

/** A file at Gemini that becomes an object. */
export interface FileOutput {
  /** Without `files/`. */
  readonly fileId: string;
  /** The object's name for a content type: the file's own, when the resource does not say it. */
  readonly name: (contentType: string) => string;
  /** What the resource says about it. */
  readonly contentType: string | undefined;
  /** Whether it is JSON Lines, whose lines and errors are counted. */
  readonly isLines: boolean;
  /** Whether the job's other outputs land without it, should it not be had. */
  readonly isOptional: boolean;
}

export interface OutputPlan extends Omit<JobState, 'hasEnded'> {
  readonly model: string | null;
  readonly usage: Readonly<Record<string, unknown>> | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
  /** Says so when the job ended well and names no outputs, which may still come. */
  readonly missing: string | undefined;
  /** Name of the object that holds the job resource. */
  readonly resourceObject: string;
  /** What of the resource is not in that object: outputs that have objects of their own. */
  readonly omit: (path: JsonPath) => boolean;
  /** The array whose elements become the lines of `responses.jsonl`. */
  readonly lines: JsonPath | undefined;
  /** The strings that together become `output.md`; parts of different steps are set apart. */
  readonly text: { readonly choose: (path: JsonPath) => boolean; readonly sectionDepth: number } | undefined;
  readonly media: readonly InlineMedia[];
  readonly files: readonly FileOutput[];
}

/** How far a job is. */
export interface JobState {
  /** The resource's own name. */
  readonly jobName: string;
  /** Lower case without prefix; of a video that ended without an error `generated`, as Gemini's event says it. */
  readonly status: string;
  readonly hasEnded: boolean;
  readonly createdAt: Date | undefined;
  readonly endedAt: Date | undefined;
  readonly displayName: string | null;
  readonly error: Failure | null;
}

export interface JobKind {
  readonly jobType: FetchedJobType;
  /** Paths below the API version to try one after the other. */
  readonly resourcePaths: (jobId: string) => readonly string[];
  /** What a plan does not need: inputs and inline outputs, which may be of any size. */
  readonly isBulk: (path: JsonPath) => boolean;
  /** @throws PermanentError `ERR_OUTPUT_INVALID` when the resource makes no sense */
  readonly stateOf: (outline: unknown) => JobState;
  /**
   * @param outline the resource without its bulk
   * @throws TransientError `ERR_OUTPUT_NOT_READY` when the job has not ended
   * @throws PermanentError `ERR_OUTPUT_INVALID` when the resource makes no sense
   */
  readonly plan: (outline: unknown) => OutputPlan;
}
