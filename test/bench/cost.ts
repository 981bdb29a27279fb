/**
 * `npm run bench -- cost`: list prices of us-east-1 in US dollars, for a million webhooks and for a thousand jobs, beside
 * polling every 30 seconds for the same jobs: interactions of 20 kB, with the service times that were measured here.
 */
import { renderTable } from '../../cli/table.ts';
import { costOfJob, type Item, lambda, sum } from './prices.ts';
import { needFigures } from './results.ts';
import { serviceTimes } from './service-times.ts';

/** A Lambda that polls: one call of Gemini for each job that is under way. */
const POLL = { seconds: 0.3, memoryMiB: 256, everySeconds: 30 };

/** With the template's sizes of memory, at rates at which each message of the ledger comes alone. */
const MEMORY = { verifier: 512, fetcher: 1024, recorder: 1769 };
const ITEMS = costOfJob(serviceTimes(needFigures(), 'interaction', MEMORY), 1);

const row = (name: string, dollars: number) => [name, (dollars * 1e6).toFixed(2), (dollars * 1000).toFixed(4)];
const partOf = (part: Item['part']) => ITEMS.filter((item) => item.part === part);

const pollingFor = (minutes: number) => {
  return ((minutes * 60) / POLL.everySeconds) * lambda(POLL.seconds, POLL.memoryMiB);
};

console.log(
  renderTable(
    ['', '$ per million webhooks', '$ per 1,000 jobs'],
    [
      ...ITEMS.map(({ name, dollars }) => row(name, dollars)),
      row('receiving', sum(partOf('receiving'))),
      row('storing', sum(partOf('storing'))),
      row('remembering', sum(partOf('remembering'))),
      row('all', sum(ITEMS)),
      row('instead: polling a job of 10 minutes', pollingFor(10)),
      row('instead: polling a batch of 24 hours', pollingFor(24 * 60)),
    ],
  ),
);
