/** The short form of `npm run faults`. */
import { expect, it } from 'vitest';
import { runScenario, SCENARIOS } from '../faults/scenarios.ts';
import { startTestRun } from './local-run.ts';

// Below the stage's own throttle, which would otherwise be what is tested.
const SHORT = { events: 20, deliveries: 60, concurrency: 5, jobs: 2 };

it.each(SCENARIOS.filter(({ isSlow }) => !isSlow))('loses and doubles nothing: $name', async (scenario) => {
  const run = await startTestRun();

  const report = await runScenario(run, scenario, SHORT).finally(() => run.close());

  expect(report.faults).toEqual([]);
});
