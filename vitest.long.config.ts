/**
 * `npm run test:long`: what nobody should wait for after each change. The short forms of models, faults and fuzz; the stack with
 * every option, and while it is being created; the package and its examples; the runbook of a leak, and
 * `npm start -- --reconcile`; the demo of `npm start`, held against the schemas, and Ctrl-C in it; interactions of many
 * megabytes.
 */
import { defineConfig } from 'vitest/config';
import { LONG, SETTINGS } from './vitest.config.ts';

export default defineConfig({
  // A model takes half a minute on a machine that has nothing else to do.
  test: { ...SETTINGS, testTimeout: 600_000, include: LONG, globalSetup: ['test/e2e/synthesize.ts'] },
});
