/** Types for those who consume the events and the manifests. Types only: nothing is imported at run time. */
export type { JobEventDetail, JobSubmittedDetail, OutputFailedDetail, OutputStoredDetail } from './events/job-event.ts';
export type { Manifest } from './events/manifest.ts';
