/** The models at the two sizes at which they are run: whole, and short enough for every test run. */
import { type Exploration, explore } from './explore.ts';
import { runFetcherModel } from './fetcher-model.ts';
import { runReconcilerModel } from './reconciler-model.ts';
import { runVerifierModel } from './verifier-model.ts';

export interface Model {
  readonly name: string;
  readonly explore: (onProgress?: (runs: number) => void) => Promise<Exploration>;
}

const UNLIMITED = Number.POSITIVE_INFINITY;

export const SHORT: readonly Model[] = [
  verifier('2 deliveries, any faults', { deliveries: 2, maxFaults: UNLIMITED, withExpiry: true }),
  verifier('3 deliveries, one fault', { deliveries: 3, maxFaults: 1, withExpiry: true }),
  fetcher('1 fetch, any faults', { fetches: 1, maxFaults: UNLIMITED, maxOddAnswers: 0 }),
  fetcher('2 fetches, one fault', { fetches: 2, maxFaults: 1, maxOddAnswers: 0 }),
  fetcher('2 fetches, one odd answer', { fetches: 2, maxFaults: 0, maxOddAnswers: 1 }),
  reconciler('3 jobs, one run of any answers, one fault', { runs: 1, maxFaults: 1 }),
];

export const WHOLE: readonly Model[] = [
  verifier('3 deliveries, any faults', { deliveries: 3, maxFaults: UNLIMITED, withExpiry: true }),
  fetcher('2 fetches, any faults', { fetches: 2, maxFaults: UNLIMITED, maxOddAnswers: 0 }),
  fetcher('2 fetches, one fault, 2 odd answers', { fetches: 2, maxFaults: 1, maxOddAnswers: 2 }),
  reconciler('3 jobs, two runs of any answers', { runs: 2, maxFaults: 0 }),
  reconciler('3 jobs, one run of any answers, any faults', { runs: 1, maxFaults: UNLIMITED }),
];

function verifier(name: string, options: Parameters<typeof runVerifierModel>[0]): Model {
  return {
    name: `verifier: ${name}`,
    explore: (onProgress) => explore((choose) => runVerifierModel(options, choose), onProgress),
  };
}

function fetcher(name: string, options: Parameters<typeof runFetcherModel>[0]): Model {
  return {
    name: `fetcher: ${name}`,
    explore: (onProgress) => explore((choose) => runFetcherModel(options, choose), onProgress),
  };
}

function reconciler(name: string, options: Parameters<typeof runReconcilerModel>[0]): Model {
  return {
    name: `reconciler: ${name}`,
    explore: (onProgress) => explore((choose) => runReconcilerModel(options, choose), onProgress),
  };
}
