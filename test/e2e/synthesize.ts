/** Synthesizes once for all end-to-end tests: the template and the bundles that would be deployed, and one with every option. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { synthesize } from '../../local/run/synthesize.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly assemblyDir: string;
    /** With a second project, a health check that repairs, and a quarantine of five an hour. */
    readonly variantDir: string;
  }
}

const PROJECTS = [
  { name: 'default' },
  { name: 'acme-eu', apiKeySecretName: 'acme/key', subscribedEvents: ['interaction.completed'] },
];
const VARIANT = {
  projects: PROJECTS,
  repairWebhook: true,
  quarantine: { maxPerHour: 5 },
};

export async function setup(project: TestProject): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'gemini-webhooks-assembly-'));
  const assemblyDir = join(folder, 'standard');
  const variantDir = join(folder, 'variant');
  await Promise.all([synthesize(assemblyDir), synthesize(variantDir, VARIANT)]);
  project.provide('assemblyDir', assemblyDir);
  project.provide('variantDir', variantDir);
}
