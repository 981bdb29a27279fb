/** The fetcher of video jobs. */
import { videoJob } from '../app/fetch-video.ts';
import { createFetcher } from './fetcher.ts';

export const handler = createFetcher(videoJob);
