/** The fetcher of batch jobs. */
import { batchJob } from '../app/fetch-batch.ts';
import { createFetcher } from './fetcher.ts';

export const handler = createFetcher(batchJob);
