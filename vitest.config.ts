import { availableParallelism } from 'node:os';
import { defineConfig, type TestUserConfig } from 'vitest/config';

/** What synthesizes: to load the CDK anew for each file would take longer than the tests. */
const STACK = ['test/lib/**/*.test.ts', 'test/docs/**/*.test.ts'];
const END_TO_END = ['test/e2e/**/*.test.ts'];
const BROWSER = ['test/browser/**/*.test.ts'];
/** For vitest.long.config.ts. */
export const LONG = [
  'test/e2e/faults.test.ts',
  'test/e2e/package.test.ts',
  'test/fuzz/**/*.test.ts',
  'test/model/**/*.test.ts',
];

export const SETTINGS = {
  // They end what hangs, also on a machine that has ten other things to do.
  testTimeout: 120_000,
  hookTimeout: 240_000,
  expect: { poll: { timeout: 60_000 } },
  // The CDK's own checks of a template cost more than its synthesis; `npm run synth` has them.
  env: { CDK_VALIDATION: 'false' },
  // The end-to-end tests wait more than they work, so that four at a time pay on a machine of two cores as well.
  maxWorkers: Math.max(4, availableParallelism() - 1),
} as const satisfies TestUserConfig;

const exclude = LONG;

export default defineConfig({
  test: {
    ...SETTINGS,
    projects: [
      {
        extends: true,
        test: { name: 'e2e', include: END_TO_END, exclude, isolate: false, globalSetup: ['test/e2e/synthesize.ts'] },
      },
      { extends: true, test: { name: 'browser', include: BROWSER, expect: { poll: { timeout: 10_000 } } } },
      { extends: true, test: { name: 'stack', include: STACK, isolate: false } },
      {
        extends: true,
        test: {
          name: 'unit',
          isolate: false,
          unstubEnvs: true,
          restoreMocks: true,
          include: ['test/**/*.test.ts'],
          exclude: [...exclude, ...STACK, ...END_TO_END, ...BROWSER],
        },
      },
    ],
  },
});
