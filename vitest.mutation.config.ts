import { defineConfig } from 'vitest/config';
import { SETTINGS } from './vitest.config.ts';

/** For Stryker: the unit tests of lambda/, each file in the worker of the one before it, because a mutant is run in a moment. */
export default defineConfig({
  test: { ...SETTINGS, include: ['test/lambda/**/*.test.ts'], isolate: false },
});
