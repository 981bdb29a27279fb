import { defineConfig } from 'vitest/config';
import { SETTINGS } from './vitest.config.ts';

/** For Stryker, with one worker for all files, because most mutants are run in less time than it takes to start one. */
export default defineConfig({
  test: {
    ...SETTINGS,
    include: ['test/lambda/**/*.test.ts'],
    isolate: false,
    // A mutant that waits for ever is as wrong as one that fails; to end the worker would cost more than to end the test.
    testTimeout: 20_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 5_000 } },
  },
});
