import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { SETTINGS } from './vitest.config.ts';

/** A mutant is killed by the first test that fails: the files that take longest come last. */
class ShortestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const duration = (file: TestSpecification) => this.ctx.cache.getTestSpecificationResult(file)?.duration ?? 0;
    return files.toSorted((one, other) => duration(one) - duration(other));
  }
}

/** For Stryker, with one worker for all files, because most mutants are run in less time than it takes to start one. */
export default defineConfig({
  test: {
    ...SETTINGS,
    include: ['test/lambda/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/**/large-*.test.ts'],
    isolate: false,
    sequence: { sequencer: ShortestFirst },
    // A mutant that waits for ever is as wrong as one that fails; to end the worker would cost more than to end the test.
    testTimeout: 20_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 5_000 } },
  },
});
