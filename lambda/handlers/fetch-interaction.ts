/** The fetcher of interaction jobs. */
import { interactionJob } from '../app/fetch-interaction.ts';
import { createFetcher } from './fetcher.ts';

export const handler = createFetcher(interactionJob);
