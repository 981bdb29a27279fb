/** The short form of `npm run faults`. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { runScenario, SCENARIOS } from '../faults/scenarios.ts';
import { startTestRun, type TestRun } from './local-run.ts';

// Below the stage's own throttle, which would otherwise be what is tested.
const SHORT = { events: 20, deliveries: 60, concurrency: 5, jobs: 2 };

let run: TestRun;
beforeAll(async () => {
  run = await startTestRun();
});
afterAll(() => run.close());
// A function that has what it needs in its memory would not notice that it is away.
beforeEach(() => {
  for (const { logicalId } of run.aws.functions()) run.aws.killSandboxes(logicalId, 'SIGKILL');
});

it.each(SCENARIOS.filter(({ isSlow }) => !isSlow))('loses and doubles nothing: $name', async (scenario) => {
  const report = await runScenario(run, scenario, SHORT);

  expect(report.faults).toEqual([]);
});
