import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig, type TestUserConfig } from 'vitest/config';

/** Those that load the CDK. */
const STACK = ['test/lib/**/*.test.ts', 'test/docs/**/*.test.ts', 'test/package/python-example.test.ts'];
const END_TO_END = ['test/e2e/**/*.test.ts'];
const BROWSER = ['test/browser/**/*.test.ts'];
/** For vitest.long.config.ts. */
export const LONG = [
  'test/e2e/deployment.test.ts',
  'test/e2e/every-option.test.ts',
  'test/e2e/faults.test.ts',
  'test/e2e/leak.test.ts',
  'test/e2e/package.test.ts',
  'test/e2e/reconciliation.test.ts',
  'test/e2e/schemas.test.ts',
  'test/e2e/terminal.test.ts',
  'test/fuzz/**/*.test.ts',
  'test/**/large-*.test.ts',
  'test/model/**/*.test.ts',
  'test/package/examples.test.ts',
];

const SYSTEM_TEMPORARY = tmpdir();
const TEMPORARY = mkdtempSync(join(SYSTEM_TEMPORARY, 'gemini-webhooks-tests-'));
// What tests, the CDK and other processes leave in it goes with the run, so that no test removes folders.
process.env['TMPDIR'] = TEMPORARY;
process.on('exit', () => rmSync(TEMPORARY, { recursive: true, force: true, maxRetries: 5 }));

export const SETTINGS = {
  // They end what hangs, also on a machine that has ten other things to do.
  testTimeout: 120_000,
  hookTimeout: 240_000,
  expect: { poll: { timeout: 60_000 } },
  // The CDK's own checks of a template cost more than its synthesis; `npm run synth` has them.
  env: { CDK_VALIDATION: 'false' },
  // Those that wait more than they work, so that four at a time pay on a machine of two cores as well.
  maxWorkers: Math.max(4, availableParallelism() - 1),
} as const satisfies TestUserConfig;

const exclude = LONG;
/** What only works, once the others are done: each worker more would load the CDK and the SDKs once more. */
const BUSY = {
  isolate: false,
  maxWorkers: Math.max(2, availableParallelism() - 1),
  sequence: { groupOrder: 1 },
} as const satisfies TestUserConfig;

export default defineConfig({
  test: {
    ...SETTINGS,
    projects: [
      {
        extends: true,
        test: { name: 'e2e', include: END_TO_END, exclude, isolate: false, globalSetup: ['test/e2e/synthesize.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: BROWSER,
          expect: { poll: { timeout: 10_000 } },
          // The browser unpacks itself there once, rather than for every run.
          env: { TMPDIR: SYSTEM_TEMPORARY },
        },
      },
      { extends: true, test: { ...BUSY, name: 'stack', include: STACK } },
      {
        extends: true,
        test: {
          ...BUSY,
          name: 'unit',
          unstubEnvs: true,
          restoreMocks: true,
          include: ['test/**/*.test.ts'],
          exclude: [...exclude, ...STACK, ...END_TO_END, ...BROWSER],
        },
      },
    ],
  },
});
