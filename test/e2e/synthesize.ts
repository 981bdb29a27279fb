/** Synthesizes once for all end-to-end tests: the template and the bundles that would be deployed. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { synthesize } from '../../local/run/synthesize.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly assemblyDir: string;
  }
}

export async function setup(project: TestProject): Promise<void> {
  const assemblyDir = join(mkdtempSync(join(tmpdir(), 'gemini-webhooks-assembly-')), 'cdk.out');
  await synthesize(assemblyDir);
  project.provide('assemblyDir', assemblyDir);
}
